use std::io::{self, Write};

use super::Summary;
use super::shelf::Article;

const HEADER: &str =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

/// Writes lines, and adds them up.
pub(super) struct Till<W> {
    out: W,
    pub(super) summary: Summary,
}

/// What the lines of an invoice share.
pub(super) struct Receipt {
    pub(super) invoice: String,
    /// `2010-12-01 08:26`.
    pub(super) at: String,
    pub(super) buyer: Buyer,
}

#[derive(Clone, Copy)]
pub(super) struct Buyer {
    pub(super) customer: Option<u64>,
    pub(super) country: &'static str,
}

impl<W: Write> Till<W> {
    pub(super) fn open(mut out: W, summary: Summary) -> io::Result<Self> {
        writeln!(out, "{HEADER}")?;
        Ok(Self { out, summary })
    }

    pub(super) fn close(mut self) -> io::Result<Summary> {
        self.out.flush()?;
        Ok(self.summary)
    }

    pub(super) fn sell(
        &mut self,
        receipt: &Receipt,
        article: &Article,
        quantity: i64,
        price_minor: i64,
    ) -> io::Result<()> {
        self.summary.revenue_minor += quantity * price_minor;
        self.write(receipt, article, &quantity.to_string(), price_minor)
    }

    pub(super) fn take_back(
        &mut self,
        receipt: &Receipt,
        article: &Article,
        quantity: i64,
        price_minor: i64,
    ) -> io::Result<()> {
        self.summary.refunds_minor += quantity * price_minor;
        self.write(receipt, article, &(-quantity).to_string(), price_minor)
    }

    pub(super) fn give(&mut self, receipt: &Receipt, article: &Article) -> io::Result<()> {
        self.summary.free_lines += 1;
        self.write(receipt, article, "1", 0)
    }

    /// Writes a line that nobody can read, each time for the next of four reasons.
    pub(super) fn slip(
        &mut self,
        receipt: &Receipt,
        article: &Article,
        which: u32,
    ) -> io::Result<()> {
        self.summary.broken_lines += 1;
        let Receipt { invoice, at, buyer } = receipt;
        let (mut receipt, mut article, mut quantity) = (
            Receipt { invoice: invoice.clone(), at: at.clone(), buyer: *buyer },
            article.clone(),
            "1",
        );
        match which % 4 {
            0 => receipt.at = "0000-00-00 00:00".to_owned(),
            1 => quantity = "one",
            2 => article.sku.clear(),
            _ => receipt.at = at[..10].to_owned(),
        }
        self.write(&receipt, &article, quantity, article.price_minor)
    }

    fn write(
        &mut self,
        receipt: &Receipt,
        article: &Article,
        quantity: &str,
        price_minor: i64,
    ) -> io::Result<()> {
        self.summary.lines += 1;
        let Receipt { invoice, at, buyer } = receipt;
        let Article { sku, name, .. } = article;
        let customer = buyer.customer.map(|number| number.to_string()).unwrap_or_default();
        let (major, minor) = (price_minor / 100, price_minor % 100);
        let country = buyer.country;
        // Nothing the shop sells has a comma or a quotation mark in its name.
        writeln!(
            self.out,
            "{invoice},{sku},{name},{quantity},{at},{major}.{minor:02},{customer},{country}"
        )
    }
}
