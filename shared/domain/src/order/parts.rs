use serde::{Deserialize, Serialize};

use crate::id::{CreditId, FulfillmentId, PaymentId, RefundId, ReturnId};
use crate::parcel::Stage;
use jiff::Timestamp;

use super::{Pick, Portion};

/// When money is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capture {
    /// As soon as it is authorized.
    #[default]
    Automatic,
    /// When the shop asks for it.
    Manual,
}

impl Capture {
    /// As it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Manual => "manual",
        }
    }
}

/// One payment: what was asked for, and what the provider says of it. Amounts are cumulative.
#[derive(Clone, Debug, PartialEq)]
pub struct Payment {
    /// Which.
    pub id: PaymentId,
    /// What is to be paid.
    pub amount_minor: i64,
    /// When money is taken.
    pub capture: Capture,
    /// As the provider calls it, once it exists there.
    pub reference: Option<String>,
    /// What the customer is doing about it.
    pub progress: Progress,
    /// Most that was ever authorized.
    pub authorized_minor: i64,
    /// What we asked to take.
    pub capture_requested_minor: i64,
    /// Most that was ever taken.
    pub captured_minor: i64,
    /// We asked to call it off.
    pub is_void_requested: bool,
    /// It was called off; nothing will be taken any more.
    pub is_voided: bool,
}

/// What the customer is doing about a payment that is neither authorized nor taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// Nothing yet.
    #[default]
    Waiting,
    /// The bank asks for something.
    ActionRequired,
    /// The bank takes its time.
    Processing,
    /// The last attempt failed; another may succeed.
    Failed(String),
}

/// What is paid with credit, from the opening of the order on: the balance has less since then.
#[derive(Clone, Debug, PartialEq)]
pub struct Spending {
    /// Whose balance.
    pub credit: CreditId,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// What went back there, and under which refund, if one was asked for.
    pub returned: Vec<(Option<RefundId>, i64)>,
}

/// Money on its way back.
#[derive(Clone, Debug, PartialEq)]
pub struct Refund {
    /// Which.
    pub id: RefundId,
    /// Of which payment.
    pub payment: PaymentId,
    /// How much.
    pub amount_minor: i64,
    /// As the provider calls it, once it exists there.
    pub reference: Option<String>,
    /// How far it is.
    pub state: RefundState,
}

/// How far a refund is. Later ones win over earlier ones, in whatever order they are heard of:
/// a refund can fail after it succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// Asked for.
    Requested,
    /// The provider works on it.
    Pending,
    /// The money went back.
    Succeeded,
    /// The money did not go back, or came again.
    Failed,
}

/// What a bank took back or may take back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispute {
    /// As the provider calls it.
    pub reference: String,
    /// Of which payment.
    pub payment: PaymentId,
    /// How much.
    pub amount_minor: i64,
    /// How far it is.
    pub state: DisputeState,
    /// The money left our account.
    pub is_withdrawn: bool,
    /// The money came again.
    pub is_reinstated: bool,
}

/// How far a dispute is. Later ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeState {
    /// It is open.
    Open,
    /// The bank decided for us.
    Won,
    /// The bank decided for the customer.
    Lost,
}

/// A parcel.
#[derive(Clone, Debug, PartialEq)]
pub struct Fulfillment {
    /// Which.
    pub id: FulfillmentId,
    /// What is in it.
    pub portions: Vec<Portion>,
    /// From where it is taken.
    pub picks: Vec<Pick>,
    /// How far it is.
    pub state: FulfillmentState,
    /// Who carries it, and under which number.
    pub tracking: Option<(String, String)>,
    /// What its carrier said of it, before it arrived.
    pub reports: Vec<Report>,
}

/// How far a parcel is, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// How far.
    pub stage: Stage,
    /// Since when, as the carrier says.
    pub at: Timestamp,
}

/// How far a parcel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfillmentState {
    /// Being packed.
    Created,
    /// Under way.
    Shipped,
    /// There.
    Delivered,
    /// Unpacked again.
    Cancelled,
}

/// Goods on their way back.
#[derive(Clone, Debug, PartialEq)]
pub struct Return {
    /// Which.
    pub id: ReturnId,
    /// What comes back.
    pub portions: Vec<Portion>,
    /// How far it is.
    pub state: ReturnState,
}

/// How far a return is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnState {
    /// Asked for.
    Requested,
    /// It may come.
    Approved,
    /// It may not.
    Rejected,
    /// It is here.
    Received,
    /// It will not come.
    Cancelled,
}

impl Payment {
    /// Authorized money that was neither taken nor let go.
    #[must_use]
    pub fn open_minor(&self) -> i64 {
        if self.is_voided || self.captured_minor > 0 { 0 } else { self.authorized_minor }
    }

    /// The customer may still pay, or the provider may still say that he did.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        !self.is_voided && self.authorized_minor == 0 && self.captured_minor == 0
    }
}

impl Spending {
    /// What went back, in minor units.
    #[must_use]
    pub fn returned_minor(&self) -> i64 {
        self.returned.iter().map(|(_, amount_minor)| amount_minor).sum()
    }

    /// What did not, in minor units.
    #[must_use]
    pub fn kept_minor(&self) -> i64 {
        self.amount_minor - self.returned_minor()
    }
}

impl Refund {
    /// The money goes back or went back.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.state != RefundState::Failed
    }
}

impl Dispute {
    /// The money is gone, or may go.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.state != DisputeState::Won && !self.is_reinstated
    }

    /// What left our account and has not come again, in minor units.
    #[must_use]
    pub fn gone_minor(&self) -> i64 {
        if self.is_withdrawn && !self.is_reinstated { self.amount_minor } else { 0 }
    }
}

impl Return {
    /// The goods are here or may come.
    #[must_use]
    pub fn counts(&self) -> bool {
        matches!(self.state, ReturnState::Requested | ReturnState::Approved | ReturnState::Received)
    }
}

/// What a person has to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewReason {
    /// What was paid is not what was to be paid.
    PaymentMismatch,
    /// The provider expects a fraud.
    FraudWarning,
    /// The authorization ended before the money was taken.
    PaymentVoided,
    /// The shop wants to look at it.
    Manual,
}
