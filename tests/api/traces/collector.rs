//! A collector of the test's own: it takes what any server may send by OTLP, and answers as it is told to.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How a collector answers.
#[derive(Debug, Clone, Copy)]
pub enum Answers {
    /// It takes everything.
    Yes,
    /// It takes all spans but so many.
    But(i64),
    /// It fails with this status.
    Fails(u16),
    /// It says nothing, ever.
    Never,
}

/// What was sent to it.
#[derive(Debug, Default)]
pub struct Heard {
    /// The heads of requests, in lower case.
    pub heads: Vec<String>,
    /// The bodies.
    pub bytes: Vec<Vec<u8>>,
}

/// A collector that runs until the test ends.
pub struct Collector {
    /// Where it is.
    pub url: String,
    heard: Arc<Mutex<Heard>>,
}

impl Collector {
    /// Starts one.
    pub fn start(answers: Answers) -> Self {
        Self::begin("http://127.0.0.1", move |stream, heard| listen(stream, answers, heard))
    }

    /// Starts one that takes everything, by TLS.
    pub fn start_encrypted(config: Arc<ServerConfig>) -> Self {
        Self::begin("https://localhost", move |stream, heard| {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            listen(StreamOwned::new(session, stream), Answers::Yes, heard);
        })
    }

    fn begin(host: &str, listen: impl Fn(TcpStream, &Mutex<Heard>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{host}:{}", listener.local_addr().unwrap().port());
        let (heard, listen) = (Arc::<Mutex<Heard>>::default(), Arc::new(listen));
        let hearing = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, heard, listen) = (stream.unwrap(), Arc::clone(&hearing), Arc::clone(&listen));
                std::thread::spawn(move || listen(stream, &heard));
            }
        });
        Self { url, heard }
    }

    /// What it has heard so far.
    pub fn heard<T>(&self, look: impl FnOnce(&Heard) -> T) -> T {
        look(&self.heard.lock().unwrap())
    }

    /// All spans so far, with the attributes of who sent them.
    pub fn spans(&self) -> Vec<Span> {
        let requests = self.heard(|heard| heard.bytes.clone());
        let requests = requests.iter().map(|bytes| ExportTraceServiceRequest::decode(&bytes[..]).unwrap());
        let resources = requests.flat_map(|request| request.resource_spans).collect::<Vec<_>>();
        resources.into_iter().flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

fn listen(stream: impl Read + Write, answers: Answers, heard: &Mutex<Heard>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let head = head.to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        let mut all = heard.lock().unwrap();
        all.heads.push(head);
        all.bytes.push(body);
        drop(all);
        let (status, rejected_spans) = match answers {
            Answers::Yes => (200, 0),
            Answers::But(spans) => (200, spans),
            Answers::Fails(status) => (status, 0),
            Answers::Never => continue,
        };
        let partial_success = Some(ExportTracePartialSuccess { rejected_spans, error_message: "no".into() });
        let body = ExportTraceServiceResponse { partial_success: partial_success.filter(|_| rejected_spans > 0) };
        let body = body.encode_to_vec();
        let head = format!("HTTP/1.1 {status} Whatever\r\nContent-Length: {}\r\n\r\n", body.len());
        if stream.get_mut().write_all(&[head.as_bytes(), &body].concat()).is_err() {
            return;
        }
    }
}

/// A list of attributes as text, `name=value` each, in their order.
pub fn attributes(all: &[KeyValue]) -> Vec<String> {
    let shown = all.iter().map(|pair| {
        let value = match pair.value.as_ref().and_then(|value| value.value.clone()) {
            Some(any_value::Value::StringValue(text)) => text,
            Some(any_value::Value::IntValue(number)) => number.to_string(),
            other => panic!("{}: {other:?}", pair.key),
        };
        format!("{}={value}", pair.key)
    });
    shown.collect()
}

/// An attribute, `""` when it is absent.
pub fn attribute(span: &Span, name: &str) -> String {
    let start = format!("{name}=");
    attributes(&span.attributes).iter().find_map(|pair| Some(pair.strip_prefix(&start)?.to_owned())).unwrap_or_default()
}
