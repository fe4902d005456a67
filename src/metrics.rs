//! What the lab counts of itself, in Prometheus' terms. Known to all rooms, like the domain.

use std::time::Duration;

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

/// The lab's metrics.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    clusters: IntGaugeVec,
    provisioning: HistogramVec,
    live: IntGaugeVec,
    overdue: IntGauge,
    bus: IntGauge,
}

impl Metrics {
    /// Registers them all.
    ///
    /// # Errors
    /// [`prometheus::Error`] when two have one name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new("pyk8s_http_requests_total", "Answered HTTP requests."),
            &["method", "route", "status"],
        )?;
        let clusters = IntGaugeVec::new(
            Opts::new("pyk8s_clusters", "Live clusters."),
            &["status", "provider"],
        )?;
        let provisioning = HistogramVec::new(
            HistogramOpts::new(
                "pyk8s_provisioning_duration_seconds",
                "Time from the beginning of the work on a cluster to RUNNING.",
            )
            .buckets(vec![
                1.0, 2.5, 5.0, 7.5, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0,
            ]),
            &["provider"],
        )?;
        let live = IntGaugeVec::new(
            Opts::new("pyk8s_live_connections", "Open live connections."),
            &["kind"],
        )?;
        let overdue = IntGauge::new(
            "pyk8s_clusters_overdue",
            "Clusters that are still there 5 s after their time was over.",
        )?;
        let bus = IntGauge::new(
            "pyk8s_bus_connected",
            "Whether events of other replicas are heard at once.",
        )?;
        registry.register(Box::new(overdue.clone()))?;
        registry.register(Box::new(bus.clone()))?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(clusters.clone()))?;
        registry.register(Box::new(provisioning.clone()))?;
        registry.register(Box::new(live.clone()))?;
        Ok(Self {
            registry,
            requests,
            clusters,
            provisioning,
            live,
            overdue,
            bus,
        })
    }

    /// Counts an answered request; `route` is the pattern, not the path.
    pub fn answered(&self, method: &str, route: &str, status: u16) {
        self.requests
            .with_label_values(&[method, route, &status.to_string()])
            .inc();
    }

    /// Replaces the counts of live clusters.
    pub fn set_clusters(&self, counts: &[(String, String, i64)]) {
        self.clusters.reset();
        for (status, provider, count) in counts {
            self.clusters
                .with_label_values(&[status, provider])
                .set(*count);
        }
    }

    /// Replaces the count of clusters that outlived their time.
    pub fn set_overdue(&self, count: i64) {
        self.overdue.set(count);
    }

    /// Notes whether the bus is connected.
    pub fn set_bus(&self, connected: bool) {
        self.bus.set(connected.into());
    }

    /// Notes how long a cluster took to be made.
    pub fn provisioned(&self, provider: &str, took: Duration) {
        self.provisioning
            .with_label_values(&[provider])
            .observe(took.as_secs_f64());
    }

    /// Counts a live connection until the returned guard is dropped.
    pub fn connected(&self, kind: &'static str) -> Connected {
        let gauge = self.live.with_label_values(&[kind]);
        gauge.inc();
        Connected(gauge)
    }

    /// The text for a scrape.
    ///
    /// # Errors
    /// [`prometheus::Error`] when it can't be written.
    pub fn render(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// A live connection, as long as it is there.
pub struct Connected(IntGauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}
