//! The components, rendered and parsed, asked by role and text.

use askama::Template;
use scraper::{ElementRef, Html, Selector};

use super::*;
use crate::{
    domain::{
        Cluster, ClusterId, ClusterStatus, KubernetesVersion, NodeCount, NodeSize, ProviderName,
        ProviderRef, TtlLimits, UserId,
    },
    provision::{AddonSettings, Addons, Inside, Part},
    service::Listed,
    web::Problem,
};

const LIMITS: TtlLimits = TtlLimits { max_hours: 72 };

fn parsed(template: &impl Template) -> Html {
    Html::parse_document(&template.render().unwrap())
}

fn all<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    html.select(&Selector::parse(selector).unwrap()).collect()
}

/// The one element of this kind.
#[track_caller]
fn one<'a>(html: &'a Html, selector: &str) -> ElementRef<'a> {
    let found = all(html, selector);
    assert_eq!(found.len(), 1, "{selector} in {}", html.html());
    found[0]
}

fn text(element: ElementRef) -> String {
    let words: Vec<_> = element.text().flat_map(str::split_whitespace).collect();
    words.join(" ")
}

fn chrome(email: Option<&str>, administrator: bool) -> Chrome {
    Chrome {
        email: email.map(str::to_owned),
        administrator,
        csrf: "a-token".into(),
        notice: None,
        version: "1.2.3",
    }
}

fn listed(status: ClusterStatus) -> Listed {
    let id = ClusterId::random();
    let now = chrono::Utc::now();
    Listed {
        cluster: Cluster {
            id,
            owner: UserId::random(),
            name: "demo".parse().unwrap(),
            provider: ProviderName::Kwok,
            provider_ref: ProviderRef::of(id),
            host: None,
            kubernetes_version: "v1.37.2".parse::<KubernetesVersion>().unwrap(),
            nodes: NodeCount::new(2).unwrap(),
            node_size: NodeSize::default(),
            addons: Vec::new(),
            status,
            step: None,
            ttl: LIMITS.ttl(1).unwrap(),
            created_at: now,
            ready_at: None,
            expires_at: now,
            deleted_at: None,
            error_message: None,
            ports: Vec::new(),
        },
        queue_position: None,
        usual_seconds: None,
    }
}

fn card(listed: &Listed) -> Html {
    parsed(&Card {
        cluster: &ClusterView::new(listed, LIMITS),
        csrf: "a-token",
        oob: false,
    })
}

/// What can be pressed or followed, by its words.
fn actions(html: &Html) -> Vec<String> {
    let found = all(html, "footer .button");
    found.into_iter().map(text).collect()
}

#[test]
fn the_layout_shows_who_is_signed_in() {
    let page = |chrome| {
        parsed(&LandingPage {
            chrome,
            registration_open: true,
        })
    };
    let signed_in = page(chrome(Some("ada@example.org"), false));
    assert_eq!(
        text(one(&signed_in, "nav a[href='/account']")),
        "ada@example.org"
    );
    assert_eq!(
        text(one(&signed_in, "form[action='/logout'] button")),
        "Log out"
    );
    assert!(all(&signed_in, "nav a[href='/login'], nav a[href='/admin']").is_empty());

    let stranger = page(chrome(None, false));
    assert_eq!(text(one(&stranger, "nav a[href='/login']")), "Log in");
    assert!(all(&stranger, "form[action='/logout']").is_empty());
    let administrator = page(chrome(Some("ada@example.org"), true));
    assert_eq!(
        text(one(&administrator, "nav a[href='/admin']")),
        "Administration"
    );
}

#[test]
fn every_page_has_a_language_a_title_and_a_way_to_its_content() {
    let page = parsed(&LandingPage {
        chrome: chrome(None, false),
        registration_open: false,
    });
    assert_eq!(one(&page, "html").attr("lang"), Some("en"));
    assert!(text(one(&page, "title")).ends_with("PyK8s-Lab"));
    assert_eq!(one(&page, "a.skip").attr("href"), Some("#main"));
    assert!(
        all(&page, "main a[href='/register']").is_empty(),
        "registration is closed"
    );
}

#[test]
fn a_notice_is_told_as_a_status() {
    let page = parsed(&LandingPage {
        chrome: Chrome {
            notice: Some("<b>done</b>".into()),
            ..chrome(None, false)
        },
        registration_open: true,
    });
    assert_eq!(text(one(&page, "[role='status'].notice")), "<b>done</b>");
    assert!(all(&page, ".notice b").is_empty(), "what is told is text");
}

fn offers() -> Vec<OfferView> {
    let offer = |name, simulated, reason: Option<&str>, selected| OfferView {
        name,
        simulated,
        reason: reason.map(str::to_owned),
        versions: vec!["v1.37.2".into()],
        sizes_nodes: simulated,
        selected,
    };
    vec![
        offer("kind", false, Some("Docker is not running"), false),
        offer("kwok", true, None, true),
    ]
}

fn create(form: Form, offers: Vec<OfferView>) -> Html {
    let addons = Addons::read(AddonSettings {
        file: None,
        bin_dir: "/".into(),
        state_dir: "/".into(),
        time_limit: std::time::Duration::from_secs(1),
    });
    let addons = addons.unwrap().offered().to_vec();
    parsed(&CreateForm {
        sizes: SizeView::all(form.value("node_size")),
        addons: AddonView::all(&addons, &form),
        form,
        offers,
        max_ttl: 72,
        csrf: "a-token",
    })
}

#[test]
fn the_creation_form_says_what_it_takes() {
    let form = create(Form::default(), offers());
    let name = one(&form, "input#name");
    assert!(name.attr("required").is_some() && name.attr("pattern").is_some());
    assert_eq!(
        (name.attr("minlength"), name.attr("maxlength")),
        (Some("3"), Some("50"))
    );
    assert_eq!(one(&form, "input#ttl_hours").attr("max"), Some("72"));
    assert_eq!(
        text(one(&form, "#provider option[selected]")),
        "kwok (simulated nodes)"
    );
    assert_eq!(
        text(one(&form, "#node_size option[selected]")),
        "medium: 4 CPUs, 16 GiB"
    );
    let not_here = one(&form, "option[disabled]");
    assert_eq!(text(not_here), "kind – not here");
    assert!(text(one(&form, "form > details:last-child")).contains("Docker is not running"));
    // What few people change is folded away.
    assert!(one(&form, "details.more").attr("open").is_none());
    let versions = all(&form, "#kubernetes_version optgroup");
    assert_eq!(versions.len(), 1, "of what works here");
    assert_eq!(versions[0].attr("label"), Some("kwok"));
    let ticked = "input[type='checkbox'][name='addon:metrics-server']";
    assert!(one(&form, ticked).attr("checked").is_none());
    // While it is sent, it is not sent again.
    assert_eq!(
        one(&form, "form").attr("hx-disabled-elt"),
        Some("find button")
    );
    assert_eq!(text(one(&form, "form > button")), "Create");
    assert_eq!(
        one(&form, "input[name='csrf_token']").attr("value"),
        Some("a-token")
    );
}

#[test]
fn the_creation_form_keeps_what_was_sent_and_names_what_is_wrong() {
    let problem = Problem::field("name", "must be 3 to 50 characters long");
    let form = create(
        Form::default()
            .with("name", "\"><script>")
            .refused(&problem),
        offers(),
    );
    let name = one(&form, "input#name");
    assert_eq!(name.attr("value"), Some("\"><script>"));
    assert_eq!(name.attr("aria-invalid"), Some("true"));
    let described = name.attr("aria-describedby").unwrap();
    assert_eq!(
        text(one(&form, &format!("#{described}"))),
        "must be 3 to 50 characters long"
    );
    assert!(all(&form, "script").is_empty());
    assert!(one(&form, "input#nodes").attr("aria-invalid").is_none());
}

#[test]
fn the_creation_form_opens_what_is_folded_away_when_the_problem_is_there() {
    let problem = Problem::field("addons", "metrics-server needs pods that run");
    let form = create(
        Form::default()
            .with("addons", "metrics-server")
            .with("node_size", "large")
            .refused(&problem),
        offers(),
    );
    let more = one(&form, "details.more");
    assert!(more.attr("open").is_some());
    assert!(text(more).contains("metrics-server needs pods that run"));
    let ticked = "input[name='addon:metrics-server']";
    assert!(one(&form, ticked).attr("checked").is_some());
    assert!(
        one(&form, "input[name='addon:ingress-nginx']")
            .attr("checked")
            .is_none()
    );
    assert_eq!(
        text(one(&form, "#node_size option[selected]")),
        "large: 16 CPUs, 64 GiB"
    );
}

#[test]
fn a_clusters_page_says_how_large_it_is_and_what_is_in_it() {
    let details = |change: fn(&mut Cluster)| {
        let mut listed = listed(ClusterStatus::Running);
        change(&mut listed.cluster);
        let page = parsed(&Details {
            cluster: &ClusterView::new(&listed, LIMITS),
            csrf: "a-token",
            oob: false,
        });
        text(one(&page, ".facts"))
    };
    let facts = details(|cluster| {
        cluster.node_size = NodeSize::Small;
        cluster.addons = vec!["metrics-server".parse().unwrap(), "team".parse().unwrap()];
    });
    assert!(facts.contains("2 simulated, 2 CPUs, 4 GiB each"), "{facts}");
    assert!(facts.contains("Add-ons metrics-server, team"), "{facts}");
    let facts = details(|cluster| cluster.provider = ProviderName::Kind);
    assert!(
        !facts.contains("GiB") && !facts.contains("Add-ons"),
        "{facts}"
    );
}

#[test]
fn what_no_field_is_to_blame_for_is_told_above_the_form() {
    let problem = Problem::new(http_status(429), "you have as many clusters as you may, 3");
    let form = create(Form::default().refused(&problem), offers());
    assert!(text(one(&form, "[role='alert']")).contains("as many clusters as you may"));
}

fn http_status(code: u16) -> actix_web::http::StatusCode {
    actix_web::http::StatusCode::from_u16(code).unwrap()
}

#[test]
fn without_a_provider_the_form_says_whom_to_ask() {
    let form = create(Form::default(), Vec::new());
    assert!(text(one(&form, "[role='alert']")).contains("pyk8s-lab doctor"));
    assert!(all(&form, "form, button").is_empty());
}

#[test]
fn a_card_that_waits_tells_its_place() {
    let mut waiting = listed(ClusterStatus::Provisioning);
    waiting.queue_position = Some(2);
    let card = card(&waiting);
    assert_eq!(text(one(&card, ".badge")), "PROVISIONING");
    assert_eq!(
        text(one(&card, ".step")),
        "Waiting for its turn, place 2 in the queue"
    );
    assert!(
        all(&card, "[data-elapsed]").is_empty(),
        "nothing is being done yet"
    );
    assert_eq!(actions(&card), ["Open", "Delete"]);
}

#[test]
fn a_card_that_is_made_tells_its_step_and_the_usual_time() {
    let mut making = listed(ClusterStatus::Provisioning);
    making.cluster.step = Some("Waiting for the API server".into());
    making.usual_seconds = Some(4);
    let card = card(&making);
    assert_eq!(
        text(one(&card, ".step")),
        "Waiting for the API server of usually 4 s"
    );
    assert_eq!(all(&card, "[data-elapsed]").len(), 1);
}

#[test]
fn a_card_that_runs_can_be_prolonged_and_says_that_its_nodes_are_simulated() {
    let card = card(&listed(ClusterStatus::Running));
    assert_eq!(text(one(&card, ".badge")), "RUNNING");
    assert_eq!(actions(&card), ["Open", "+1 h", "Delete"]);
    assert!(text(one(&card, "abbr")).contains("simulated"));
    assert_eq!(all(&card, "time[data-countdown]").len(), 1);
    let label = one(&card, "article").attr("aria-labelledby").unwrap();
    assert_eq!(text(one(&card, &format!("[id='{label}']"))), "demo");
}

#[test]
fn a_card_at_the_end_of_its_longest_life_is_not_prolonged() {
    let mut long = listed(ClusterStatus::Running);
    long.cluster.ttl = LIMITS.ttl(72).unwrap();
    assert_eq!(actions(&card(&long)), ["Open", "Delete"]);
}

#[test]
fn a_card_in_error_has_its_own_words_and_a_retry() {
    let mut failed = listed(ClusterStatus::Error);
    failed.cluster.error_message = Some("etcd: <no space> left on device".into());
    let card = card(&failed);
    assert_eq!(text(one(&card, ".badge")), "ERROR");
    assert_eq!(
        text(one(&card, "pre.error")),
        "etcd: <no space> left on device"
    );
    assert_eq!(actions(&card), ["Open", "Retry", "Delete"]);
}

#[test]
fn a_card_that_goes_can_only_be_looked_at() {
    let card = card(&listed(ClusterStatus::Deleting));
    assert_eq!(text(one(&card, ".badge")), "DELETING");
    assert_eq!(actions(&card), ["Open"]);
}

#[test]
fn an_empty_list_says_what_to_do_next() {
    let list = parsed(&List {
        cards: Vec::new(),
        oob: false,
    });
    assert!(text(one(&list, ".empty")).contains("Give one a name below"));
}

#[test]
fn a_running_cluster_is_deleted_by_its_name_only() {
    let form = |running| {
        parsed(&DeleteForm {
            id: "1",
            name: "demo",
            running,
            dialog: false,
            form: Form::default(),
            csrf: "a-token",
        })
    };
    let asking = form(true);
    assert_eq!(
        text(one(&asking, "label[for='confirm']")),
        "Type demo to confirm"
    );
    assert!(one(&asking, "input#confirm").attr("required").is_some());
    assert!(all(&form(false), "input#confirm").is_empty());
}

fn inside(running: bool, inside: Option<Inside>) -> Html {
    parsed(&InsidePart {
        running,
        inside,
        oob: false,
    })
}

#[test]
fn what_is_inside_is_told_for_each_state() {
    assert!(
        one(&inside(false, None), "#inside")
            .attr("hidden")
            .is_some()
    );
    assert!(text(one(&inside(true, None), "#inside")).contains("does not answer at the moment"));
    let empty = inside(true, Some(Inside::default()));
    assert!(text(one(&empty, "#inside")).contains("Nothing runs in it yet"));
    let part = |kind, name: &str, state: &str, well| Part {
        kind,
        name: name.into(),
        state: state.into(),
        well,
    };
    let full = inside(
        true,
        Some(Inside {
            nodes: vec![part("Node", "node-0", "Ready", true)],
            namespaces: vec!["default".into()],
            workloads: vec![part("Deployment", "default/web", "1/2 ready", false)],
            pods: vec![part("Pod", "default/web-1", "Running", true)],
            events: vec!["Pod web-1: Scheduled".into()],
        }),
    );
    assert_eq!(all(&full, "tbody tr").len(), 3);
    assert_eq!(text(one(&full, "td.waiting")), "1/2 ready");
    assert!(text(one(&full, "details")).contains("Pod web-1: Scheduled"));
}

#[test]
fn a_cluster_that_is_gone_leads_back() {
    let gone = parsed(&Gone {
        name: "demo",
        oob: false,
    });
    assert_eq!(text(one(&gone, "h1")), "demo is gone");
    assert_eq!(one(&gone, "a").attr("href"), Some("/dashboard"));
}

#[test]
fn a_problem_says_how_to_go_on() {
    for (status, words) in [
        (404, "It may be gone"),
        (500, "tell whoever runs this lab"),
        (503, "go on running"),
    ] {
        let page = parsed(&ProblemPage {
            chrome: chrome(None, false),
            status,
            title: "Problem".into(),
            detail: "what happened".into(),
            request_id: Some("abc".into()),
        });
        let alert = text(one(&page, "[role='alert']"));
        assert!(
            alert.contains("what happened") && alert.contains(words) && alert.contains("abc"),
            "{alert}"
        );
    }
}

#[test]
fn the_first_person_is_told_what_they_will_be() {
    let page = |first| {
        parsed(&SignInPage {
            chrome: chrome(None, false),
            registering: true,
            registration_open: true,
            first,
            next: "/dashboard".into(),
            form: Form::default(),
        })
    };
    assert!(text(one(&page(true), "main .notice")).contains("administrator"));
    assert!(all(&page(false), "main .notice").is_empty());
}
