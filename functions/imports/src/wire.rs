use std::collections::BTreeMap;

use app::Problem;
use domain::import::{Mapping, NotAMapping, RefusedLine};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::imports::Import;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A file to import.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportIn {
    /// `sales`: lines of a till's or shop's export, which make the standard shop metrics.
    /// `points`: lines of any measurements, one point each.
    #[schema(example = "sales")]
    kind: String,
    /// As you call it: 1 to 200 bytes.
    #[schema(example = "till-2025.csv")]
    pub(crate) file_name: String,
    /// Which columns of the header play which part. Of sales: `invoice`, `sku`, `quantity`, `at`,
    /// `unit_price`, `description`, `customer`, `country`. Of points: `metric` or `fixed_metric`,
    /// `value`, `at`, `tags` (keys and their columns), `kind`, `unit`. Unless given, columns have
    /// their usual names.
    #[schema(value_type = Option<Object>)]
    mapping: Option<Map<String, Value>>,
    /// `gzip` when the upload is to carry that header. The file is unpacked either way.
    content_encoding: Option<String>,
}

/// An import.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportOut {
    id: Uuid,
    kind: &'static str,
    file_name: String,
    /// `waiting`, `checking`, `checked`, `running`, `done`, `undoing`, `undone` or `failed`.
    status: &'static str,
    /// Where the file goes, as long as the import waits for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    upload: Option<UploadOut>,
    /// Lines after the header whose points are written.
    lines_done: u64,
    /// Lines whose points were removed again.
    lines_undone: u64,
    /// Points whose greatest tag was folded to `__other__`, because the metric has 10,000 series.
    points_folded: u64,
    /// Points that were gone already when the import was undone: removed twice nothing is.
    points_missing: u64,
    /// Bytes of the upload, once work began.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_total: Option<i64>,
    /// Bytes of the upload that were read.
    bytes_done: i64,
    /// What was read, so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    counts: Option<CountsOut>,
    /// Why it failed, and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[schema(value_type = String)]
    created_at: Timestamp,
    #[schema(value_type = String)]
    changed_at: Timestamp,
}

/// Where and how to upload.
#[derive(Serialize, ToSchema)]
pub(crate) struct UploadOut {
    /// `PUT`.
    pub(crate) method: &'static str,
    /// The signed address: who has it can upload.
    pub(crate) url: String,
    /// From then on the address is refused; read the import for a new one.
    #[schema(value_type = String)]
    pub(crate) expires_at: Timestamp,
    /// Headers to send.
    pub(crate) headers: BTreeMap<&'static str, &'static str>,
}

/// What was read of a file.
#[derive(Serialize, ToSchema)]
struct CountsOut {
    /// Lines after the header, also the refused.
    lines: u64,
    /// Points that they make.
    points: u64,
    /// Lines that were refused.
    refused: u64,
    /// Refused lines, by code.
    refused_by_code: BTreeMap<String, u64>,
    /// Of a sales file.
    #[serde(skip_serializing_if = "Option::is_none")]
    sales: Option<SalesOut>,
    /// The months of the tenant's zone, in order.
    months: Vec<MonthOut>,
}

/// The lines of a sales file, by what they are.
#[derive(Serialize, ToSchema)]
struct SalesOut {
    /// Lines that sell.
    sales: u64,
    /// Lines that take back: the invoice begins with `C`, or the quantity is negative.
    cancellations: u64,
    /// Lines with a negative price.
    adjustments: u64,
    /// Lines of no quantity or no price: no money, nothing sold.
    zeros: u64,
    /// Lines that name no customer; they count like others.
    without_customer: u64,
    /// Lines that have no description; they count like others.
    without_description: u64,
    /// Invoices with a sale.
    orders: u64,
    /// Invoices that take back.
    returns: u64,
    revenue_minor: i64,
    refunds_minor: i64,
}

/// What a month's lines make.
#[derive(Serialize, ToSchema)]
struct MonthOut {
    #[schema(example = "2010-12")]
    month: String,
    /// Points.
    points: u64,
    /// Of sales: their sum by metric, money in minor units.
    sums: BTreeMap<String, f64>,
}

/// Imports.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportsOut {
    /// The oldest first.
    pub(crate) imports: Vec<ImportOut>,
    /// Give it as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<Uuid>,
}

/// Lines that make no points.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorsOut {
    /// By line.
    pub(crate) errors: Vec<ErrorOut>,
    /// Give it as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<u64>,
}

/// A line that makes no points.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorOut {
    /// Its number in the file, from 1: the header has one too.
    pub(crate) line: u64,
    /// Why, in one word.
    code: String,
    /// Why, and what to do.
    detail: String,
}

/// Which page of imports.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// The last id of the page before.
    pub(crate) after: Option<Uuid>,
    /// Imports of a page, 1 to 100; 100 unless given.
    pub(crate) limit: Option<i64>,
}

/// Which page of refused lines.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinesPage {
    /// The last line of the page before.
    pub(crate) after: Option<u64>,
    /// Lines of a page, 1 to 1,000; 100 unless given.
    pub(crate) limit: Option<i64>,
}

const FILE_NAME_BYTES: usize = 200;

impl ImportIn {
    /// The mapping, and the headers of the upload.
    pub(crate) fn check(&self) -> Result<(Mapping, BTreeMap<&'static str, &'static str>), Problem> {
        let name = &self.file_name;
        if name.is_empty() || name.len() > FILE_NAME_BYTES || name.chars().any(char::is_control) {
            let detail = "a file's name has 1 to 200 bytes and no control characters";
            return Err(Problem::invalid("file_name", detail));
        }
        let headers = match self.content_encoding.as_deref() {
            None | Some("identity") => BTreeMap::from([("content-type", "text/csv")]),
            Some("gzip") => {
                BTreeMap::from([("content-type", "text/csv"), ("content-encoding", "gzip")])
            }
            Some(_) => {
                return Err(Problem::invalid("content_encoding", "send gzip, or omit it"));
            }
        };
        let columns = Value::Object(self.mapping.clone().unwrap_or_default());
        match Mapping::parse(&self.kind, columns) {
            None => Err(Problem::invalid("kind", "the kind is `sales` or `points`")),
            Some(Err(fault)) => {
                let field = match &fault {
                    NotAMapping::Shape(_) => "mapping".to_owned(),
                    NotAMapping::Tag(_, key) => format!("mapping.tags.{key}"),
                };
                Err(Problem::invalid(field, fault.to_string()).caused_by(fault))
            }
            Some(Ok(mapping)) => Ok((mapping, headers)),
        }
    }
}

impl ImportOut {
    pub(crate) fn of(import: Import, upload: Option<UploadOut>) -> Self {
        let counts = import.tally.map(|tally| CountsOut {
            refused: tally.refused(),
            lines: tally.lines,
            points: tally.points,
            refused_by_code: tally.refused,
            sales: tally.sales.map(|counts| SalesOut {
                sales: counts.sales,
                cancellations: counts.cancellations,
                adjustments: counts.adjustments,
                zeros: counts.zeros,
                without_customer: counts.without_customer,
                without_description: counts.without_description,
                orders: counts.orders,
                returns: counts.returns,
                revenue_minor: counts.revenue_minor,
                refunds_minor: counts.refunds_minor,
            }),
            months: tally
                .months
                .into_iter()
                .map(|month| MonthOut {
                    month: month.month,
                    points: month.points,
                    sums: month.sums,
                })
                .collect(),
        });
        Self {
            id: import.id.0,
            kind: import.mapping.kind(),
            file_name: import.file_name,
            status: import.status.as_str(),
            upload,
            lines_done: import.lines_done,
            lines_undone: import.lines_undone,
            points_folded: import.points_folded,
            points_missing: import.points_missing,
            bytes_total: import.bytes_total,
            bytes_done: import.bytes_done,
            counts,
            problem: import.problem,
            created_at: import.created_at,
            changed_at: import.changed_at,
        }
    }
}

impl From<RefusedLine> for ErrorOut {
    fn from(refused: RefusedLine) -> Self {
        Self { line: refused.line, code: refused.code, detail: refused.detail }
    }
}
