use std::net::TcpStream;

use serde_json::{Value, json};
use tungstenite::{
    Error, Message, WebSocket,
    client::IntoClientRequest,
    http::{HeaderValue, header},
    stream::MaybeTlsStream,
};

use crate::support::{Lab, stand_in};

fn connect(
    lab: &Lab,
    path: &str,
    headers: &[(header::HeaderName, &str)],
) -> Result<WebSocket<MaybeTlsStream<TcpStream>>, u16> {
    let mut request = format!("{}{path}", lab.url.replace("http://", "ws://"))
        .into_client_request()
        .unwrap();
    for (name, value) in headers {
        request
            .headers_mut()
            .insert(name, HeaderValue::from_str(value).unwrap());
    }
    match tungstenite::connect(request) {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

fn next(socket: &mut WebSocket<MaybeTlsStream<TcpStream>>) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[test]
fn a_program_hears_of_its_clusters_and_of_no_others() {
    let binaries = tempfile::tempdir().unwrap();
    let folder = stand_in(binaries.path(), "exec sleep 600");
    let lab = Lab::open(&[("KUBE_BIN_DIR", &folder)]);
    let (ada, eve) = (lab.person("ada@example.org"), lab.person("eve@example.org"));
    let mut by_query = connect(&lab, &format!("/ws?token={}", ada.token()), &[]).unwrap();
    let bearer = format!("Bearer {}", ada.token());
    let mut by_header = connect(&lab, "/ws", &[(header::AUTHORIZATION, &bearer)]).unwrap();
    eve.asks_for(&json!({ "name": "foreign" }));
    let id = ada.asks_for(&json!({ "name": "mine" }));
    for socket in [&mut by_query, &mut by_header] {
        let event = next(socket);
        assert_eq!(event["event"], "cluster.status.changed");
        assert_eq!(event["payload"]["cluster_id"], json!(id));
        assert!(event["seq"].as_i64().unwrap() > 0 && event["timestamp"].is_string());
    }
    let metrics = lab.get("/metrics").text;
    assert!(
        metrics.contains(r#"pyk8s_live_connections{kind="ws"} 2"#),
        "{metrics}"
    );
    // A replay begins where it is told to, in order and without a gap.
    let mut replay = connect(&lab, &format!("/ws?token={}&after=0", ada.token()), &[]).unwrap();
    let seqs: Vec<_> = (0..3)
        .map(|_| next(&mut replay)["seq"].as_i64().unwrap())
        .collect();
    assert!(seqs.is_sorted(), "{seqs:?}");
}

#[test]
fn who_may_not_listen_is_refused_before_the_upgrade() {
    let lab = Lab::open(&[]);
    let origin = lab.url.clone();
    assert_eq!(connect(&lab, "/ws?token=x", &[]).err(), Some(401));
    assert_eq!(
        connect(&lab, "/ws", &[(header::ORIGIN, &origin)]).err(),
        Some(401)
    );
    assert_eq!(
        connect(&lab, "/ws", &[(header::ORIGIN, "https://evil.example")]).err(),
        Some(403)
    );
    assert_eq!(connect(&lab, "/ws", &[]).err(), Some(403));
}

#[test]
fn a_server_that_stops_says_goodbye() {
    let mut lab = Lab::open(&[]);
    let ada = lab.person("ada@example.org");
    let mut socket = connect(&lab, &format!("/ws?token={}", ada.token()), &[]).unwrap();
    let status = lab.stop();
    assert!(status.success(), "{status}");
    let code = loop {
        match socket.read() {
            Ok(Message::Close(Some(frame))) => break u16::from(frame.code),
            Ok(_) => {}
            Err(error) => panic!("no goodbye: {error}"),
        }
    };
    assert_eq!(code, 1001);
}
