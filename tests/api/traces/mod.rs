//! Traces, as a collector gets them: what was done, in what, and never for whom.

mod collector;

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message as _;
use serde_json::json;
use usher::metrics::exposition;

use self::collector::{Answers, Collector, attribute, attributes};
use crate::program::{Place, Server, places};
use crate::support::{TestApp, both};
use crate::tls::made::Made;
use crate::wire::socket::{Raw, exchange, head};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

fn start(place: &Place, collector: &Collector, more: &[(&str, &str)]) -> Server {
    place.start_demo(&[&[("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str())], more].concat())
}

fn ask(server: &Server, method: &str, path: &str, more: &str, body: &str) -> Raw {
    let more = format!("{more}Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    exchange(server.address, &[head("first-key", method, path, &more).as_bytes(), body.as_bytes()].concat())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The span of the server with this request id.
fn of_request<'a>(spans: &'a [Span], id: &str) -> &'a Span {
    spans.iter().find(|span| attribute(span, "usher.request_id") == id).unwrap_or_else(|| panic!("{id} in {spans:#?}"))
}

/// The names of the parts of a request.
fn parts<'a>(spans: &'a [Span], of: &Span) -> Vec<&'a str> {
    let parts = spans.iter().filter(|span| span.parent_span_id == of.span_id);
    let mut parts: Vec<&Span> = parts.inspect(|span| assert_eq!(span.trace_id, of.trace_id)).collect();
    parts.sort_by_key(|span| span.start_time_unix_nano);
    parts.iter().map(|span| span.name.as_str()).collect()
}

places! {
    async fn a_collector_sees_what_was_done_and_not_for_whom(place) {
        let collector = Collector::start(Answers::Yes);
        let more = [("OTEL_EXPORTER_OTLP_HEADERS", "x-team=us%20ers"), ("OTEL_SERVICE_NAME", "people")];
        let server = start(place, &collector, &more);
        let user = json!({
            "userId": "anna-id", "email": "anna@example.org", "phone": "+4930123456", "password": "correct horse", "name": "Anna Lee"
        });
        let sent = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\ntracestate: needle=needle\r\n";
        let with = |id: &str| format!("X-Request-Id: {id}\r\n");
        assert_eq!(ask(&server, "POST", "/v1/users", &(with("create") + sent), &user.to_string()).status, 201);
        assert_eq!(ask(&server, "POST", "/v1/users", &with("twice"), &user.to_string()).status, 409);
        assert_eq!(ask(&server, "GET", "/v1/users/anna-id", &with("get"), "").status, 200);
        assert_eq!(ask(&server, "GET", "/v1/users?search=needle", &with("list"), "").status, 200);
        assert_eq!(ask(&server, "PATCH", "/v1/users/anna-id/name", &with("name"), r#"{"name":"Anna Needle"}"#).status, 200);
        assert_eq!(ask(&server, "GET", "/needle?anna@example.org", &with("nothing"), "").status, 404);
        assert_eq!(ask(&server, "needle", "/v1/users/anna-id", &with("method"), "").status, 404);
        assert_eq!(ask(&server, "GET", "/livez", &with("alive"), "").status, 200);
        assert_eq!(ask(&server, "DELETE", "/v1/users/anna-id", &with("delete"), "{}").status, 204);
        let (_, log) = server.stop();

        let spans = collector.spans();
        let all = |id: &str| attributes(&of_request(&spans, id).attributes);
        let create = of_request(&spans, "create");
        assert_eq!((create.name.as_str(), create.kind()), ("POST /v1/users", SpanKind::Server));
        assert_eq!((hex(&create.trace_id).as_str(), hex(&create.parent_span_id).as_str()), (TRACE, PARENT));
        assert_eq!(create.trace_state, "");
        assert_eq!(all("create"), [
            "http.request.method=POST", "url.scheme=http", "usher.request_id=create", "http.route=/v1/users",
            "http.response.status_code=201"
        ]);
        let twice = of_request(&spans, "twice");
        assert_ne!(twice.trace_id, create.trace_id);
        assert_eq!((twice.parent_span_id.as_slice(), twice.status.as_ref().map_or(0, |status| status.code)), (&[][..], 0));
        assert_eq!(all("twice")[4..], ["http.response.status_code=409", "error.type=user_already_exists"]);
        assert_eq!(of_request(&spans, "get").name, "GET /v1/users/{userId}");
        assert_eq!(all("get")[3], "http.route=/v1/users/{userId}");
        assert_eq!(of_request(&spans, "name").name, "PATCH /v1/users/{userId}/name");
        assert_eq!(of_request(&spans, "nothing").name, "GET");
        assert_eq!(all("nothing")[3..], ["http.response.status_code=404", "error.type=general_route_not_found"]);
        assert_eq!((of_request(&spans, "method").name.as_str(), all("method")[0].as_str()), ("HTTP", "http.request.method=_OTHER"));
        assert!(!spans.iter().any(|span| attribute(span, "usher.request_id") == "alive"), "who watches is left out");

        let done = parts(&spans, create);
        let sqlite = place.url.starts_with("sqlite");
        for part in ["wait for a thread that hashes", "hash a password", if sqlite { "INSERT" } else { "COMMIT" }] {
            assert!(done.contains(&part), "{part} is not in {done:?}");
        }
        if sqlite {
            assert!(done.contains(&"wait for the writer") && done.last() == Some(&"commit"), "{done:?}");
        }
        let statements: Vec<&Span> = spans.iter().filter(|span| span.kind() == SpanKind::Client).collect();
        let systems: BTreeSet<String> = statements.iter().map(|span| attribute(span, "db.system.name")).collect();
        assert_eq!(systems.into_iter().collect::<Vec<_>>(), [if sqlite { "sqlite" } else { "postgresql" }]);
        for span in &statements {
            let text = attribute(span, "db.query.text");
            assert!(text.starts_with(&span.name) && attribute(span, "db.operation.name") == span.name, "{text}");
        }
        assert!(statements.iter().any(|span| attribute(span, "db.query.text").contains("project = $1")));
        // Every part is one of a request that is there too.
        let ids: BTreeSet<&[u8]> = spans.iter().map(|span| span.span_id.as_slice()).collect();
        assert_eq!(ids.len(), spans.len());
        for span in &spans {
            assert!(span.end_time_unix_nano >= span.start_time_unix_nano && !span.trace_id.iter().all(|byte| *byte == 0));
            if span.kind() != SpanKind::Server {
                assert!(ids.contains(span.parent_span_id.as_slice()), "{span:?}");
            }
        }
        // The log names the traces, each by its request.
        for line in log.lines().filter(|line| line.contains("request_id=")) {
            let (_, id) = line.rsplit_once("request_id=").unwrap();
            let Some((id, trace)) = id.split_once(" trace_id=") else { panic!("{line}") };
            assert_eq!(hex(&of_request(&spans, id.trim_matches('"')).trace_id), trace.trim(), "{line}");
        }
        assert!(log.contains(&format!("trace_id={TRACE}")), "{log}");

        collector.heard(|heard| {
            for head in &heard.heads {
                assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
                assert!(head.contains("content-type: application/x-protobuf\r\n") && head.contains("x-team: us ers\r\n"), "{head}");
            }
            let first = ExportTraceServiceRequest::decode(&heard.bytes[0][..]).unwrap();
            let mut of = attributes(&first.resource_spans[0].resource.as_ref().unwrap().attributes);
            of.sort();
            assert_eq!(of, ["service.name=people", &format!("service.version={}", env!("CARGO_PKG_VERSION"))]);
            let bytes = heard.bytes.concat();
            for secret in ["anna", "Anna", "example.org", "4930123456", "correct", "first-key", "needle", "Needle", "demo", "127.0.0.1"] {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} was sent");
            }
        });
        assert!(!log.contains("us ers") && !log.contains("us%20ers"), "{log}");
    }

    async fn what_a_client_says_of_its_trace_counts_when_it_is_well_formed(place) {
        let collector = Collector::start(Answers::Yes);
        let server = start(place, &collector, &[("OTEL_TRACES_SAMPLER_ARG", "0")]);
        let get = |id: &str, parent: &str| {
            let more = format!("X-Request-Id: {id}\r\ntraceparent: {parent}\r\n");
            assert_eq!(ask(&server, "GET", "/v1/users", &more, "").status, 200);
        };
        get("kept", &format!("00-{TRACE}-{PARENT}-01"));
        get("left-out", &format!("00-{TRACE}-{PARENT}-00"));
        get("malformed", &format!("00-{TRACE}-{PARENT}"));
        get("none", "");
        let (_, log) = server.stop();
        let spans = collector.spans();
        let ids: Vec<String> = spans.iter().map(|span| attribute(span, "usher.request_id")).filter(|id| !id.is_empty()).collect();
        assert_eq!(ids, ["kept"]);
        assert!(spans.iter().all(|span| hex(&span.trace_id) == TRACE));
        assert_eq!(log.matches("trace_id=").count(), 1, "{log}");

        let server = start(place, &collector, &[]);
        let more = format!("X-Request-Id: left-out\r\ntraceparent: 00-{TRACE}-{PARENT}-00\r\n");
        assert_eq!(ask(&server, "GET", "/v1/users", &more, "").status, 200);
        let more = format!("X-Request-Id: malformed\r\ntraceparent: 00-{}-{PARENT}-01\r\n", TRACE.to_uppercase());
        assert_eq!(ask(&server, "GET", "/v1/users", &more, "").status, 200);
        server.stop();
        let spans = collector.spans();
        assert!(spans.iter().all(|span| attribute(span, "usher.request_id") != "left-out"));
        let malformed = of_request(&spans, "malformed");
        assert!(hex(&malformed.trace_id) != TRACE && malformed.parent_span_id.is_empty());
    }

    async fn a_collector_with_tls_gets_them_when_the_machine_trusts_it(place) {
        let (made, folder) = (Made::named("localhost"), place.folder.path());
        std::fs::write(folder.join("trusted.pem"), &made.certificate).unwrap();
        std::fs::write(folder.join("other.pem"), &Made::named("localhost").certificate).unwrap();
        for (trusted, spans) in [("trusted.pem", true), ("other.pem", false)] {
            let collector = Collector::start_encrypted(made.server());
            let server = start(place, &collector, &[("SSL_CERT_FILE", trusted)]);
            assert_eq!(ask(&server, "GET", "/v1/users", "X-Request-Id: encrypted\r\n", "").status, 200);
            let (_, log) = server.stop();
            assert_eq!(collector.spans().iter().any(|span| attribute(span, "usher.request_id") == "encrypted"), spans, "{log}");
            assert_eq!(log.contains("spans cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT"), !spans, "{log}");
        }
        std::fs::write(folder.join("empty.pem"), "").unwrap();
        let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", "https://localhost:1"), ("SSL_CERT_FILE", "empty.pem")];
        place.fails(&[], &variables, "usher: OTEL_EXPORTER_OTLP_ENDPOINT begins with https, and this machine has no certificates");
    }

    async fn without_a_collector_nothing_is_said_of_traces(place) {
        let server = place.start_demo(&[("OTEL_SERVICE_NAME", "people")]);
        let more = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\n");
        assert_eq!(ask(&server, "GET", "/v1/users", &more, "").status, 200);
        let (_, log) = server.stop();
        assert!(!log.contains("trace"), "{log}");
    }

    async fn a_collector_that_is_absent_or_fails_or_hangs_changes_no_answer_and_holds_up_no_stop(place) {
        let (failing, hanging) = (Collector::start(Answers::Fails(500)), Collector::start(Answers::Never));
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let absent = format!("http://{closed}");
        for (url, warning) in [
            (absent.as_str(), "spans cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT"),
            (failing.url.as_str(), "it answers 500"),
            (hanging.url.as_str(), "the last spans were not sent"),
        ] {
            let server = place.start_demo(&[("OTEL_EXPORTER_OTLP_ENDPOINT", url)]);
            for _ in 0..20 {
                assert_eq!(ask(&server, "GET", "/v1/users", "", "").status, 200);
            }
            let (_, log) = server.stop();
            let warned = log.lines().filter(|line| line.contains("WARN") && line.contains(warning));
            assert_eq!(warned.count(), 1, "{url}: {log}");
            assert!(log.trim_end().ends_with("stopped"), "{log}");
        }
    }
}

/// What the metrics tell of spans: sent, and dropped.
async fn counts(app: &TestApp) -> [u64; 2] {
    let text = exposition(&app.app).await;
    ["sent", "dropped"].map(|what| {
        let start = format!("usher_spans_{what}_total ");
        text.lines().find_map(|line| line.strip_prefix(&start)).unwrap().parse().unwrap()
    })
}

/// Has the last spans sent, as a server that stops does: when what it does in the background is done.
async fn close(app: &TestApp) {
    app.app.background.close();
    app.app.background.wait().await;
    app.app.traces.as_ref().unwrap().close().await;
}

/// A collector that all tests in this process may send to.
fn shared(answers: Answers) -> &'static str {
    Box::leak(Box::new(Collector::start(answers))).url.as_str()
}

both! {
    async fn spans_are_counted_by_what_became_of_them(
        app, "OTEL_EXPORTER_OTLP_ENDPOINT" = shared(Answers::But(1))
    ) {
        app.admin().get("/v1/users").await.expect(200);
        close(app).await;
        // One of each batch is refused, and a slow machine makes several.
        let [sent, dropped] = counts(app).await;
        assert!(sent > 0 && dropped > 0, "{sent} {dropped}");
    }

    async fn spans_that_a_collector_fails_to_take_are_lost(
        app, "OTEL_EXPORTER_OTLP_ENDPOINT" = shared(Answers::Fails(503))
    ) {
        app.admin().get("/v1/users").await.expect(200);
        close(app).await;
        let [sent, dropped] = counts(app).await;
        assert!(sent == 0 && dropped > 1, "{sent} {dropped}");
    }

    async fn a_queue_that_is_full_takes_no_more_and_holds_nobody_up(
        app, "OTEL_EXPORTER_OTLP_ENDPOINT" = shared(Answers::Never)
    ) {
        // Nobody takes them, so after some thousand spans there is no room.
        for _ in 0..3000 {
            app.admin().get("/v1/users").await.expect(200);
            if counts(app).await[1] > 0 {
                break;
            }
        }
        let [sent, dropped] = counts(app).await;
        assert!(sent == 0 && dropped > 0, "{sent} {dropped}");
        app.admin().get("/v1/users").await.expect(200);
    }
}
