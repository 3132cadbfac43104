use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::Path;

use domain::sales::{ColumnIndexes, Columns};
use domain::table::{Found, Splitter};
use domain::tenant::Currency;
use flate2::read::MultiGzDecoder;

use super::Fault;

/// What the shop's catalog is made of.
#[derive(Clone, Debug)]
pub(super) struct Good {
    pub(super) sku: String,
    pub(super) title: String,
    /// As it was sold last.
    pub(super) price_minor: i64,
    /// How many lines sold it: customers choose by that.
    pub(super) sales: u64,
}

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The goods that most lines of a shop's file sell.
pub(super) fn read(file: &Path, currency: Currency, most: usize) -> Result<Vec<Good>, Fault> {
    let mut reader = BufReader::new(File::open(file)?);
    let is_packed = reader.fill_buf()?.starts_with(&GZIP);
    let mut text: Box<dyn Read> =
        if is_packed { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) };
    let (mut splitter, mut columns) = (Splitter::default(), None);
    let mut goods: HashMap<String, Good> = HashMap::new();
    let mut piece = vec![0; 1 << 16];
    loop {
        match splitter.advance() {
            Found::Row => take(&splitter, &mut columns, currency, &mut goods)?,
            Found::Malformed(_) => {}
            Found::End => break,
            Found::Nothing => match text.read(&mut piece)? {
                0 => splitter.end(),
                count => splitter.feed(&piece[..count]),
            },
        }
    }
    let mut goods: Vec<Good> = goods.into_values().collect();
    goods.sort_by(|one, other| other.sales.cmp(&one.sales).then_with(|| one.sku.cmp(&other.sku)));
    goods.truncate(most);
    Ok(goods)
}

/// A header, or a line that sells something for money.
fn take(
    splitter: &Splitter,
    columns: &mut Option<ColumnIndexes>,
    currency: Currency,
    goods: &mut HashMap<String, Good>,
) -> Result<(), Fault> {
    let row = splitter.row();
    let Some(columns) = columns else {
        *columns = Some(Columns::default().resolve(row.iter())?);
        return Ok(());
    };
    let line = columns.line(|position| row.get(position));
    let price_minor = domain::metric::decimal_to_minor(line.unit_price.trim(), currency);
    let sells = !line.quantity.trim().starts_with('-');
    let (Ok(price_minor @ 1..), true) = (price_minor, sells) else { return Ok(()) };
    let (sku, title) = (line.sku.trim(), line.description.trim());
    if sku.is_empty() || sku.len() > 60 || title.is_empty() || title.len() > 200 {
        return Ok(());
    }
    let good = goods.entry(sku.to_owned()).or_insert_with(|| Good {
        sku: sku.to_owned(),
        title: title.to_owned(),
        price_minor,
        sales: 0,
    });
    good.price_minor = price_minor;
    good.sales += 1;
    Ok(())
}
