use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::id::{
    CodeId, DeliveryId, HookDeliveryId, ImportId, InvitationId, OrderId, ReceiptId, TenantId,
    TenantNumber, VariantId,
};
use crate::parcel;
use crate::payment::Notice;

/// A queue: its name is that of the template resource and of the environment variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QueueName {
    /// Batches of points that arrived while Postgres was away. In order for each tenant.
    Ingest,
    /// Files to import or to undo. In order for each tenant.
    Imports,
    /// Metrics to forecast.
    Forecasts,
    /// Letters to send.
    Reports,
    /// What payment providers say. In any order, and more than once: both fold to the same.
    Payments,
    /// What changed in a shop, to be measured. Nudges, in any order, and more than once.
    Sales,
    /// Orders whose customers may be owed a letter. Nudges.
    Mail,
    /// Orders of which endpoints of their shop may be told, and what is on its way to one. Nudges.
    Hooks,
    /// What carriers say, and parcels that got their numbers. In any order, and more than once.
    Parcels,
    /// Shops whose orders are to be counted for what is bought together.
    Recommendations,
}

impl QueueName {
    /// Every queue.
    pub const ALL: [Self; 10] = [
        Self::Ingest,
        Self::Imports,
        Self::Forecasts,
        Self::Reports,
        Self::Payments,
        Self::Sales,
        Self::Mail,
        Self::Hooks,
        Self::Parcels,
        Self::Recommendations,
    ];

    /// In lower case, as in `QUEUE_URL_INGEST` and in the job table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Imports => "imports",
            Self::Forecasts => "forecasts",
            Self::Reports => "reports",
            Self::Payments => "payments",
            Self::Sales => "sales",
            Self::Mail => "mail",
            Self::Hooks => "hooks",
            Self::Parcels => "parcels",
            Self::Recommendations => "recommendations",
        }
    }

    /// By its name in lower case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|queue| queue.as_str() == name)
    }

    /// First in, first out within a message group.
    #[must_use]
    pub fn is_fifo(self) -> bool {
        matches!(self, Self::Ingest | Self::Imports)
    }
}

/// What the `ingest` queue carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum IngestMessage {
    /// A part of a batch that was accepted before it could be written.
    #[serde(rename = "ingest.batch_part.v1")]
    BatchPart {
        /// Whose points.
        tenant: TenantNumber,
        /// The receipt that the client holds: the key of the batch.
        receipt: ReceiptId,
        /// Which part of the batch, from 0.
        part: u32,
        /// How many parts the batch has.
        parts: u32,
        /// Hash of the body, so that another body under the same key is told apart.
        body_hash: Uuid,
        /// When the batch arrived.
        received_at: Timestamp,
        /// The part: a [`crate::batch::Batch`] as JSON, gzip, base64.
        batch: String,
    },
}

/// What the `imports` queue carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum ImportMessage {
    /// Go on with an import or its undoing, from where its row says.
    #[serde(rename = "import.proceed.v1")]
    Proceed {
        /// Whose file.
        tenant: TenantNumber,
        /// Which file.
        import: ImportId,
    },
}

/// What the `forecasts` queue carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum ForecastMessage {
    /// Forecast one metric from its complete days.
    #[serde(rename = "forecast.metric.v1")]
    Metric {
        /// Whose metric.
        tenant: TenantNumber,
        /// Its name.
        metric: String,
        /// The instant that ends the known days.
        now: Timestamp,
    },
}

/// What the `reports` queue carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum ReportMessage {
    /// Send one occurrence to one recipient.
    #[serde(rename = "report.send.v1")]
    Send {
        /// Whose report.
        tenant: TenantNumber,
        /// Which recipient of which occurrence.
        delivery: DeliveryId,
    },
}

/// What the `payments` queue carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum PaymentMessage {
    /// A provider said something, and its signature was checked.
    #[serde(rename = "payment.notice.v1")]
    Notice {
        /// Who: [`crate::payment::STRIPE`].
        provider: String,
        /// What.
        notice: Notice,
    },
    /// A provider said something, its signature was checked, and nobody understands it: it goes to
    /// the dead letters, for a person.
    #[serde(rename = "payment.unreadable.v1")]
    Unreadable {
        /// Who.
        provider: String,
        /// What, byte for byte.
        body: String,
    },
    /// Somebody was about to write to a tenant's orders: if he died, what he left is taken up.
    #[serde(rename = "payment.look.v1")]
    Look {
        /// Whose orders.
        tenant: TenantNumber,
    },
    /// An order's time is over, or something is to be asked of its provider that nobody has asked
    /// in time.
    #[serde(rename = "payment.due.v1")]
    Due {
        /// Whose order.
        tenant: TenantNumber,
        /// Which.
        order: OrderId,
    },
}

/// What the `parcels` queue carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum ParcelMessage {
    /// A carrier said something, and its signature was checked.
    #[serde(rename = "parcel.notice.v1")]
    Notice {
        /// To which shop. Whoever checks signatures knows no more of it.
        tenant: TenantId,
        /// What.
        notice: parcel::Notice,
    },
    /// A parcel of an order has a number: what a carrier said of it before may be waiting.
    #[serde(rename = "order.changed.v1")]
    Order {
        /// Whose.
        tenant: TenantNumber,
        /// Which.
        order: OrderId,
    },
}

/// What the `recommendations` queue carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum RecommendationMessage {
    /// Count what is bought together in a shop.
    #[serde(rename = "recommendations.count.v1")]
    Count {
        /// In which.
        tenant: TenantNumber,
    },
}

/// What the `mail` queue carries: that a letter may be owed. To whom, whoever hears it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum MailMessage {
    /// Something happened to an order: [`Nudge::Order`].
    #[serde(rename = "order.changed.v1")]
    Order {
        /// Whose.
        tenant: TenantNumber,
        /// Which.
        order: OrderId,
    },
    /// A code is to be written to somebody.
    #[serde(rename = "person.code.v1")]
    Code {
        /// Which. It is kept a moment later, or never.
        code: CodeId,
    },
    /// Somebody is asked into a team.
    #[serde(rename = "team.invited.v1")]
    Invited {
        /// Which invitation. It is kept a moment later, or never.
        invitation: InvitationId,
    },
}

/// What the queues that follow a shop carry: that something changed. What, whoever hears it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Nudge {
    /// Something happened to an order.
    #[serde(rename = "order.changed.v1")]
    Order {
        /// Whose.
        tenant: TenantNumber,
        /// Which.
        order: OrderId,
    },
    /// Stock was changed by hand.
    #[serde(rename = "stock.changed.v1")]
    Stock {
        /// Whose.
        tenant: TenantNumber,
        /// Of what.
        variant: VariantId,
    },
    /// Days have passed over carts.
    #[serde(rename = "carts.passed.v1")]
    Carts {
        /// Whose.
        tenant: TenantNumber,
        /// Carts that were last changed from then on
        from: Timestamp,
        /// until before then.
        to: Timestamp,
    },
    /// An endpoint is to be told of something now.
    #[serde(rename = "hook.due.v1")]
    Hook {
        /// Whose.
        tenant: TenantNumber,
        /// What.
        delivery: HookDeliveryId,
    },
}
