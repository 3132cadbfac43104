use app::Problem;
use domain::calendar::{Frequency, MonthDay, Schedule, Weekday, Zone};
use domain::metric::MetricName;
use domain::report::{Address, Item, limit};
use domain::tenant::Tenant;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use store::reports::Kept;
use store::reports::deliveries::Delivery;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is sent to whom, and when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportIn {
    /// 1 to 100 characters.
    #[schema(example = "Weekly takings")]
    name: String,
    /// 1 to 12 figures, the most important first: its chart is in the letter.
    metrics: Vec<ItemIn>,
    /// 1 to 50 mail addresses.
    recipients: Vec<String>,
    schedule: ScheduleIn,
    /// On whose walls; the tenant's zone unless given. Periods are the tenant's.
    #[schema(example = "Europe/Berlin")]
    zone: Option<String>,
    /// Nothing is sent until further notice.
    #[serde(default)]
    paused: bool,
}

/// One figure: a metric, by its name alone or with a label, or a ratio.
#[derive(Deserialize, ToSchema)]
#[serde(
    untagged,
    expecting = "send a metric's name, {\"metric\": …, \"label\": …} or {\"ratio\": {\"of\": …, \
                 \"by\": …}, \"label\": …}"
)]
enum ItemIn {
    Name(String),
    Metric(MetricIn),
    Ratio(ItemRatioIn),
}

/// A metric as it is declared to be aggregated.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MetricIn {
    #[schema(example = "revenue")]
    metric: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

/// The sum of one metric by the sum of another.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ItemRatioIn {
    ratio: PartsIn,
    #[schema(example = "Average order value")]
    label: String,
}

/// The two metrics of a ratio.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PartsIn {
    #[schema(example = "revenue")]
    of: String,
    #[schema(example = "orders")]
    by: String,
}

/// A time on the wall that comes again. Where the wall skips it, the first instant after; where
/// it shows it twice, the first.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ScheduleIn {
    /// `daily`, `weekly` or `monthly`.
    #[schema(example = "weekly")]
    frequency: String,
    /// Of a weekly report: `monday` to `sunday`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "monday")]
    weekday: Option<String>,
    /// Of a monthly report: 1 to 31, or `last`. A shorter month has its last day instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day: Option<DayIn>,
    #[schema(example = "07:30")]
    wall_time: String,
}

/// A day of the month, or `last`.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(untagged, expecting = "send 1 to 31, or `last`")]
enum DayIn {
    Number(i8),
    Word(String),
}

/// A checked report.
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) items: Vec<Item>,
    pub(crate) recipients: Vec<Address>,
    pub(crate) schedule: Schedule,
    pub(crate) zone: Zone,
    pub(crate) paused: bool,
}

/// Reports.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportsOut {
    pub(crate) reports: Vec<ReportOut>,
}

/// A report.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReportOut {
    id: Uuid,
    name: String,
    metrics: Vec<ItemOut>,
    recipients: Vec<RecipientOut>,
    schedule: ScheduleIn,
    zone: String,
    paused: bool,
    /// The next three; none while paused.
    next_runs: Vec<RunOut>,
    #[schema(value_type = String)]
    created_at: Timestamp,
    #[schema(value_type = String)]
    changed_at: Timestamp,
}

/// One figure.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum ItemOut {
    Metric(MetricIn),
    Ratio(ItemRatioIn),
}

/// Somebody who gets the report, or wants no more of it.
#[derive(Serialize, ToSchema)]
struct RecipientOut {
    address: String,
    unsubscribed: bool,
}

/// When a letter leaves.
#[derive(Serialize, ToSchema)]
struct RunOut {
    /// The instant.
    #[schema(value_type = String)]
    at: Timestamp,
    /// What the wall shows then.
    #[schema(example = "2026-11-23T07:30:00+01:00")]
    local: String,
}

/// What was sent, or is about to be.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveriesOut {
    pub(crate) deliveries: Vec<DeliveryOut>,
    /// Give it as `before` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<Uuid>,
}

/// One letter.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryOut {
    id: Uuid,
    recipient: String,
    /// The local date it was due on.
    #[schema(value_type = String, example = "2026-11-23")]
    date: Date,
    #[schema(value_type = String)]
    due_at: Timestamp,
    /// It left over an hour after it was due.
    late: bool,
    /// A test letter.
    test: bool,
    /// `planned`, `claimed`, `handed_over`, `accepted`, `unknown`, `failed`, `unsubscribed` or
    /// `overtaken` (by a newer one, while it waited).
    state: &'static str,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[schema(value_type = String)]
    changed_at: Timestamp,
}

/// Who gets a test letter.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestIn {
    /// One of the report's recipients.
    pub(crate) recipient: String,
}

/// A test letter on its way.
#[derive(Serialize, ToSchema)]
pub(crate) struct TestOut {
    /// Its id among the deliveries.
    pub(crate) delivery: Uuid,
}

impl ReportIn {
    /// Checks every field; whether the metrics are there is for the store to say.
    pub(crate) fn check(self, tenant: &Tenant) -> Result<Wanted, Problem> {
        let name = text("name", &self.name, limit::NAME_CHARS)?;
        require_count("metrics", self.metrics.len(), limit::ITEMS)?;
        require_count("recipients", self.recipients.len(), limit::RECIPIENTS)?;
        let items = self.metrics.into_iter().enumerate().map(item).collect::<Result<_, _>>()?;
        let mut recipients: Vec<Address> = Vec::with_capacity(self.recipients.len());
        for (index, recipient) in self.recipients.iter().enumerate() {
            let field = || format!("recipients[{index}]");
            let address = Address::parse(recipient.trim())
                .map_err(|error| Problem::invalid(field(), error.to_string()))?;
            if recipients.iter().any(|known| known.same_box(&address)) {
                return Err(Problem::invalid(field(), "the address is there twice"));
            }
            recipients.push(address);
        }
        let zone = match self.zone {
            Some(name) => {
                Zone::parse(&name).map_err(|error| Problem::invalid("zone", error.to_string()))?
            }
            None => tenant.calendar.zone.clone(),
        };
        let schedule = self.schedule.check()?;
        Ok(Wanted { name, items, recipients, schedule, zone, paused: self.paused })
    }
}

fn item((index, item): (usize, ItemIn)) -> Result<Item, Problem> {
    let field = |part: &str| format!("metrics[{index}]{part}");
    let metric = |part: &str, name: &str| {
        MetricName::parse(name).map_err(|error| Problem::invalid(field(part), error.to_string()))
    };
    let label = |label: &str| text(&field(".label"), label, limit::LABEL_CHARS);
    match item {
        ItemIn::Name(name) => Ok(Item::Metric { metric: metric("", &name)?, label: None }),
        ItemIn::Metric(it) => Ok(Item::Metric {
            metric: metric(".metric", &it.metric)?,
            label: it.label.as_deref().map(label).transpose()?,
        }),
        ItemIn::Ratio(it) => Ok(Item::Ratio {
            of: metric(".ratio.of", &it.ratio.of)?,
            by: metric(".ratio.by", &it.ratio.by)?,
            label: label(&it.label)?,
        }),
    }
}

impl ScheduleIn {
    fn check(&self) -> Result<Schedule, Problem> {
        let frequency = match (self.frequency.as_str(), &self.weekday, &self.day) {
            ("daily", None, None) => Frequency::Daily,
            ("weekly", Some(weekday), None) => Frequency::Weekly {
                weekday: weekday
                    .parse::<Weekday>()
                    .map_err(|error| Problem::invalid("schedule.weekday", error.to_string()))?,
            },
            ("monthly", None, Some(day)) => Frequency::Monthly { day: day.check()? },
            _ => {
                return Err(Problem::invalid(
                    "schedule",
                    "send `daily` alone, `weekly` with `weekday`, or `monthly` with `day`",
                ));
            }
        };
        let wall_time = Time::strptime("%H:%M", &self.wall_time).map_err(|error| {
            Problem::invalid("schedule.wall_time", "send a time such as 07:30").caused_by(error)
        })?;
        Ok(Schedule { frequency, wall_time })
    }

    fn of(schedule: &Schedule) -> Self {
        let (frequency, weekday, day) = match schedule.frequency {
            Frequency::Daily => ("daily", None, None),
            Frequency::Weekly { weekday } => ("weekly", Some(weekday.name().to_owned()), None),
            Frequency::Monthly { day: MonthDay::Day(day) } => {
                ("monthly", None, Some(DayIn::Number(day)))
            }
            Frequency::Monthly { day: MonthDay::Last } => {
                ("monthly", None, Some(DayIn::Word("last".to_owned())))
            }
        };
        let wall_time = schedule.wall_time.strftime("%H:%M").to_string();
        Self { frequency: frequency.to_owned(), weekday, day, wall_time }
    }
}

impl DayIn {
    fn check(&self) -> Result<MonthDay, Problem> {
        let invalid = |detail: String| Problem::invalid("schedule.day", detail);
        match self {
            Self::Number(day) => MonthDay::new(*day).map_err(|error| invalid(error.to_string())),
            Self::Word(word) if word == "last" => Ok(MonthDay::Last),
            Self::Word(word) => {
                Err(invalid(format!("`{word}` is no day; send 1 to 31, or `last`")))
            }
        }
    }
}

impl ReportOut {
    /// A report with its next runs.
    pub(crate) fn of(kept: &Kept) -> Self {
        let report = &kept.report;
        let recipient = |address: &Address| RecipientOut {
            address: address.to_string(),
            unsubscribed: kept.has_unsubscribed(address),
        };
        let run = |at: Timestamp| RunOut {
            at,
            local: at.to_zoned(report.zone.time_zone().clone()).strftime("%FT%T%:z").to_string(),
        };
        let after = |at: &Timestamp| Some(report.schedule.next_after(&report.zone, *at).at);
        let first = report.next_due_at.filter(|_| !report.paused);
        Self {
            id: report.id.0,
            name: report.name.clone(),
            metrics: report.items.iter().map(ItemOut::of).collect(),
            recipients: report.recipients.iter().map(recipient).collect(),
            schedule: ScheduleIn::of(&report.schedule),
            zone: report.zone.name().to_owned(),
            paused: report.paused,
            next_runs: std::iter::successors(first, after).take(3).map(run).collect(),
            created_at: kept.created_at,
            changed_at: kept.changed_at,
        }
    }
}

impl ItemOut {
    fn of(item: &Item) -> Self {
        match item {
            Item::Metric { metric, label } => {
                Self::Metric(MetricIn { metric: metric.to_string(), label: label.clone() })
            }
            Item::Ratio { of, by, label } => Self::Ratio(ItemRatioIn {
                ratio: PartsIn { of: of.to_string(), by: by.to_string() },
                label: label.clone(),
            }),
        }
    }
}

impl From<Delivery> for DeliveryOut {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id.0,
            recipient: delivery.recipient.to_string(),
            date: delivery.local_date,
            due_at: delivery.due_at,
            late: delivery.late,
            test: delivery.test,
            state: delivery.state.as_str(),
            detail: delivery.detail,
            changed_at: delivery.changed_at,
        }
    }
}

fn text(field: &str, text: &str, chars: usize) -> Result<String, Problem> {
    let text = text.trim();
    let printable = !text.chars().any(char::is_control);
    if (1..=chars).contains(&text.chars().count()) && printable {
        return Ok(text.to_owned());
    }
    Err(Problem::invalid(field, format!("send 1 to {chars} printable characters")))
}

fn require_count(field: &str, count: usize, most: usize) -> Result<(), Problem> {
    if (1..=most).contains(&count) {
        return Ok(());
    }
    Err(Problem::invalid(field, format!("send 1 to {most} of them, not {count}")))
}
