use std::collections::HashMap;

use app::App;
use domain::batch::SeriesKey;
use domain::import::{LinePoint, Lines, Mapping, Progress, Reader};
use domain::metric::{Declaration, Finest, Kind, MetricName, Tags, Unit};
use domain::sales::StandardMetric;
use domain::tenant::Tenant;
use store::imports::Import;
use store::metrics::{self, Metric, Unfit};
use store::points::Point;
use store::series::{self, Wanted};

use crate::Fault;
use crate::upload::Upload;

/// The lines of a file, and the metrics and series that its points belong to.
pub(crate) struct Source<'a> {
    app: &'a App,
    tenant: &'a Tenant,
    mapping: &'a Mapping,
    purpose: Purpose,
    pub(crate) upload: Upload,
    pub(crate) reader: Reader,
    metrics: HashMap<String, Metric>,
    /// By position in the reader's series: its id, whether hours are kept of it, and whether a tag
    /// was folded.
    series: Vec<(i32, bool, bool)>,
}

/// What the lines are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Only to look: nothing is written.
    Look,
    /// To write points or to remove them: metrics and series are made where they are missing.
    Write,
}

impl<'a> Source<'a> {
    pub(crate) async fn open(
        app: &'a App,
        tenant: &'a Tenant,
        import: &'a Import,
        purpose: Purpose,
    ) -> Result<Self, Fault> {
        let upload = Upload::open(app, &import.object_path).await?;
        if import.object_tag.as_ref().is_some_and(|tag| *tag != upload.tag) {
            return Err(Fault::Replaced);
        }
        let reader = Reader::new(import.mapping.clone(), tenant, import.latest);
        let mapping = &import.mapping;
        let (metrics, series) = (HashMap::new(), Vec::new());
        let mut source = Self { app, tenant, mapping, purpose, upload, reader, metrics, series };
        if purpose == Purpose::Write && matches!(mapping, Mapping::Sales(_)) {
            source.declare_standard_metrics().await?;
        }
        Ok(source)
    }

    /// Reads up to so many lines; fewer only at the end of the file.
    pub(crate) async fn next(&mut self, wanted: u64) -> Result<Lines, Fault> {
        let mut lines = Lines::default();
        loop {
            match self.reader.read(&mut lines, wanted)? {
                Progress::Enough | Progress::End => return Ok(lines),
                Progress::Hungry => self.upload.feed(&mut self.reader).await?,
                Progress::Unknown(metric) => {
                    let unit = self.meet(&metric).await?;
                    self.reader.know(&metric, unit);
                }
            }
        }
    }

    /// Reads up to a line. Its points are of no interest, but what they leave in the reader is.
    pub(crate) async fn skip_to(&mut self, line: u64, at_once: u64) -> Result<(), Fault> {
        while self.reader.lines() < line {
            let wanted = (line - self.reader.lines()).min(at_once);
            if self.next(wanted).await?.count == 0 {
                return Err(Fault::Replaced);
            }
        }
        Ok(())
    }

    /// Finds or makes the series of points.
    pub(crate) async fn resolve(&mut self, points: &[LinePoint]) -> Result<Vec<Point>, Fault> {
        let new = &self.reader.series()[self.series.len()..];
        if !new.is_empty() {
            let mut wanted = Vec::with_capacity(new.len());
            let mut hourly = Vec::with_capacity(new.len());
            for series in new {
                let metric = self.metrics.get(&series.metric).ok_or(Fault::TooManyMetrics)?;
                wanted.push(Wanted { metric: metric.id, tags: series.tags.clone() });
                hourly.push(metric.declaration.finest == Finest::Hour);
            }
            let found = series::resolve(&self.app.db, self.tenant.number, &wanted).await?;
            let known = found.iter().zip(hourly);
            let known = known.map(|(found, hourly)| (found.id, hourly, found.folded.is_some()));
            self.series.extend(known);
        }
        let point = |point: &LinePoint| {
            let (series, hourly, _folded) = self.series[point.series as usize];
            Point { series, at: point.at, value: point.value, hourly }
        };
        Ok(points.iter().map(point).collect())
    }

    /// How many of points that were resolved go to a series whose tag was folded.
    pub(crate) fn folded(&self, points: &[LinePoint]) -> u64 {
        let folded = points.iter().filter(|point| self.series[point.series as usize].2);
        u64::try_from(folded.count()).unwrap_or(u64::MAX)
    }

    /// Declares the metrics of sales. Those that somebody declared stay as they are, as long as
    /// they can hold the same points.
    async fn declare_standard_metrics(&mut self) -> Result<(), Fault> {
        let (db, tenant) = (&self.app.db, self.tenant.number);
        let of_sales = StandardMetric::ALL.into_iter().filter(|metric| metric.is_of_sales());
        let wanted: Vec<_> = of_sales
            .map(|metric| (metric.name(), metric.declaration(self.tenant.currency)))
            .collect();
        match metrics::ensure(db, tenant, &wanted).await? {
            Ok(metrics) => {
                self.metrics
                    .extend(metrics.into_iter().map(|metric| (metric.name.clone(), metric)));
                Ok(())
            }
            Err(Unfit::HasPoints(name)) => Err(Fault::Declared(name)),
            Err(Unfit::TooMany) => Err(Fault::TooManyMetrics),
        }
    }

    /// Finds a metric of measurements, or makes a draft of it. Answers its unit.
    async fn meet(&mut self, name: &MetricName) -> Result<Unit, Fault> {
        let (db, tenant) = (&self.app.db, self.tenant.number);
        let (kind, unit) = match self.mapping {
            Mapping::Points(columns) => (columns.kind, columns.unit.clone()),
            Mapping::Sales(_) => (None, None),
        };
        let mut found = metrics::find(db, tenant, &[name.as_str()]).await?;
        if found.is_empty() {
            let kind = kind.unwrap_or(Kind::Counter);
            let draft = Declaration::draft(kind, unit.clone().unwrap_or_default());
            if self.purpose == Purpose::Look {
                return Ok(draft.unit);
            }
            found = metrics::draft(db, tenant, &[(name.as_str(), draft)]).await?;
        }
        let metric = found.pop().ok_or(Fault::TooManyMetrics)?;
        let mapped = SeriesKey { metric: name.clone(), tags: Tags::default(), kind, unit };
        if mapped.agrees(&metric.declaration).is_err() {
            return Err(Fault::OtherMapping(name.clone()));
        }
        let unit = metric.declaration.unit.clone();
        self.metrics.insert(metric.name.clone(), metric);
        Ok(unit)
    }
}
