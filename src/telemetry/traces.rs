//! Traces, sent to an OpenTelemetry collector where one is named: one span a request, with sums of what it did and nothing of what was in it.
//!
//! A thread of its own sends them, some at a time. Where the collector does not take them they are dropped: no request waits for it. The way
//! to it is plain HTTP, since a collector stands next door and TLS is its business, as is the way onwards.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span as _, SpanKind, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HeaderExtractor, HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, Span};
use tokio::runtime::Handle;

use crate::config::Settings;

/// How long the collector may take for what it is sent.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long the last spans are tried to be sent at the end of the service.
const FAREWELL: Duration = Duration::from_secs(5);
/// The answer of a collector is short.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Where spans are made, if they are.
#[derive(Clone)]
pub struct Traces(Option<(SdkTracerProvider, SdkTracer)>);

impl Traces {
    /// Within a runtime, which later sends what is made.
    pub fn new(settings: &Settings) -> Traces {
        let Some(endpoint) = &settings.otlp_endpoint else { return Traces(None) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new())
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .with_timeout(PATIENCE)
            .build();
        let exporter = match exporter {
            Ok(exporter) => exporter,
            Err(error) => {
                tracing::error!(%error, "no traces are made");
                return Traces(None);
            }
        };
        let resource = Resource::builder()
            .with_service_name("alliance")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.trace_ratio))))
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build();
        let tracer = provider.tracer("alliance");
        Traces(Some((provider, tracer)))
    }

    /// The span of a request, where this one is traced; below what the headers of somebody who is believed name.
    pub fn begin(&self, name: &'static str, id: &str, believed: Option<&HeaderMap>) -> Option<Span> {
        let (_, tracer) = self.0.as_ref()?;
        let nowhere = Context::new();
        let parent = match believed {
            Some(headers) => TraceContextPropagator::new().extract_with_context(&nowhere, &HeaderExtractor(headers)),
            None => nowhere,
        };
        let span = tracer.span_builder(name).with_kind(SpanKind::Server);
        let span = span.with_attributes([KeyValue::new("request.id", id.to_owned())]).start_with_context(tracer, &parent);
        span.is_recording().then_some(span)
    }

    /// Sends what has been made so far.
    pub async fn flush(&self) {
        self.wait(|provider| provider.force_flush()).await;
    }

    /// Sends what has been made so far, and no more.
    pub async fn end(&self) {
        self.wait(|provider| provider.shutdown_with_timeout(FAREWELL)).await;
    }

    async fn wait(&self, work: impl FnOnce(SdkTracerProvider) -> opentelemetry_sdk::error::OTelSdkResult + Send + 'static) {
        if let Some((provider, _)) = &self.0 {
            let provider = provider.clone();
            // It waits for its thread, which waits for this runtime.
            if let Ok(Err(error)) = tokio::task::spawn_blocking(move || work(provider)).await {
                tracing::debug!(%error, "some traces were not sent");
            }
        }
    }
}

/// The way to the collector.
struct Collector {
    client: Client<HttpConnector, Body>,
    /// Where connections live: who sends is a thread outside of it.
    runtime: Handle,
    /// Whether the last try was in vain, so that the log says so once.
    in_vain: AtomicBool,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}

impl Collector {
    fn new() -> Collector {
        let client = Client::builder(TokioExecutor::new()).build_http();
        Collector { client, runtime: Handle::current(), in_vain: AtomicBool::new(false) }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sending = self.runtime.spawn(async move { tokio::time::timeout(PATIENCE, send(client, request)).await });
        let answer = match sending.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(late)) => Err(late.into()),
            Err(ended) => Err(ended.into()),
        };
        let in_vain = !answer.as_ref().is_ok_and(|answer| answer.status().is_success());
        if self.in_vain.swap(in_vain, Ordering::Relaxed) != in_vain {
            match &answer {
                Ok(_) if !in_vain => tracing::info!("traces are sent again"),
                Ok(answer) => tracing::warn!(status = answer.status().as_u16(), "the collector refuses the traces"),
                Err(error) => tracing::warn!(%error, "the traces cannot be sent"),
            }
        }
        answer
    }
}

async fn send(client: Client<HttpConnector, Body>, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let (head, body) = client.request(request.map(Body::from)).await?.into_parts();
    let body = axum::body::to_bytes(Body::new(body), LONGEST_ANSWER).await?;
    Ok(Response::from_parts(head, body))
}
