//! What may stand between a client and the lab, and not behave.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// What is done with a connection.
#[derive(Debug, Clone)]
pub enum Way {
    /// It goes to the lab, and back.
    Through,
    /// It goes to the lab; the answer never comes back.
    Swallow,
    /// It is cut before anything is read.
    Cut,
    /// This is answered, whatever was asked.
    Answer(String),
    /// Nothing is answered, ever.
    Silence,
}

/// An answer, complete with its head.
pub fn answer(status: &str, content_type: &str, body: &str) -> Way {
    let length = body.len();
    Way::Answer(format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    ))
}

/// A proxy on a port of its own: it lives as long as the test's process.
pub struct Proxy {
    pub url: String,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// Treats the first connections so, each in its turn, and all later ones as the last.
    pub fn before(lab: &str, ways: &[Way]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let lab = lab.strip_prefix("http://").unwrap_or(lab).to_owned();
        let connections = Arc::new(AtomicUsize::new(0));
        let (ways, count) = (ways.to_vec(), Arc::clone(&connections));
        thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let number = count.fetch_add(1, Ordering::SeqCst);
                let way = ways[number.min(ways.len() - 1)].clone();
                let lab = lab.clone();
                // A client that goes away is no matter of the test's.
                thread::spawn(move || serve(connection, &way, &lab));
            }
        });
        Self { url, connections }
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn serve(mut client: TcpStream, way: &Way, lab: &str) -> std::io::Result<()> {
    let mut first = [0; 64 * 1024];
    match way {
        Way::Cut => return client.shutdown(Shutdown::Both),
        Way::Silence => {
            while client.read(&mut first)? > 0 {}
            return Ok(());
        }
        _ => {}
    }
    let read = client.read(&mut first)?;
    match way {
        Way::Answer(text) => client.write_all(text.as_bytes()),
        Way::Swallow => {
            let mut server = TcpStream::connect(lab)?;
            server.write_all(&first[..read])?;
            // The rest of the request, should it have come in two parts.
            let (mut rest, mut sink) = (client.try_clone()?, server.try_clone()?);
            thread::spawn(move || std::io::copy(&mut rest, &mut sink));
            // It was done: now nobody is told.
            let mut answered = [0; 1];
            server.read_exact(&mut answered)?;
            client.shutdown(Shutdown::Both)
        }
        _ => {
            let mut server = TcpStream::connect(lab)?;
            server.write_all(&first[..read])?;
            let (mut there, mut back) = (client.try_clone()?, server.try_clone()?);
            thread::spawn(move || {
                let _ = std::io::copy(&mut there, &mut back);
                back.shutdown(Shutdown::Write)
            });
            std::io::copy(&mut server, &mut client)?;
            client.shutdown(Shutdown::Both)
        }
    }
}
