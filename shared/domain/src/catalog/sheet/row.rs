use std::collections::BTreeMap;

use uuid::Uuid;

use super::Fault;
use super::cells::{self, Level};
use crate::catalog::{Product, State, Variant};
use crate::id::{ProductId, VariantId};

/// The cells of a row, by column.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    pub(super) line: u64,
    pub(super) by_column: BTreeMap<&'static str, String>,
}

impl Cells {
    pub(super) fn get(&self, column: &str) -> &str {
        self.by_column.get(column).map_or("", String::as_str)
    }

    pub(super) fn fault(&self, field: &str, fault: impl Into<String>) -> Fault {
        Fault { line: self.line, field: field.to_owned(), fault: fault.into() }
    }

    /// What is wrong with its cells, column by column.
    pub(super) fn tell(
        &self,
        mut put: impl FnMut(&'static str) -> Result<(), String>,
    ) -> Vec<Fault> {
        let mut faults = Vec::new();
        for column in self.by_column.keys().copied() {
            faults.extend(put(column).err().map(|fault| self.fault(column, fault)));
        }
        faults
    }

    pub(super) fn id(&self, column: &str) -> Result<Option<Uuid>, Fault> {
        match self.get(column).trim() {
            "" => Ok(None),
            id => id.parse().map(Some).map_err(|_no_id| {
                self.fault(column, "it is no UUID; leave it empty, and one is made")
            }),
        }
    }

    pub(super) fn new_product(
        &self,
        new_id: &mut impl FnMut() -> Uuid,
    ) -> Result<Product, Vec<Fault>> {
        let id = self.id("product_id").map_err(|fault| vec![fault])?;
        Ok(Product {
            id: ProductId(id.unwrap_or_else(new_id)),
            slug: self.get("slug").trim().to_owned(),
            title: String::new(),
            description: String::new(),
            product_type: None,
            attributes: serde_json::Map::new(),
            options: vec![],
            categories: vec![],
            tax_category: "standard".to_owned(),
            media: vec![],
            state: State::default(),
            version: 0,
            variants: vec![],
        })
    }

    /// What is of the product is said once, or the same again.
    pub(super) fn repeats(&self, first: &Self, column: &'static str) -> Result<(), String> {
        let same = || self.get(column).is_empty() || self.get(column) == first.get(column);
        if cells::level(column) == Level::Variant || same() {
            return Ok(());
        }
        Err(format!("line {} says it for the product; leave it empty here", first.line))
    }

    /// Which variant it is of: by its id, or by its SKU.
    pub(super) fn variant(
        &self,
        product: &Product,
        known: &[Product],
        new_id: &mut impl FnMut() -> Uuid,
    ) -> Result<VariantId, Fault> {
        let sku = self.get("sku").trim();
        let others = known.iter().filter(|other| other.id != product.id);
        let mut elsewhere = others.flat_map(|other| &other.variants);
        let by_sku = product.variants.iter().find(|variant| variant.sku == sku);
        let id = self.id("variant_id")?.map(VariantId);
        let taken = |it: &Variant| it.sku == sku || Some(it.id) == id;
        if elsewhere.any(taken) {
            return Err(self.fault("sku", "a variant of another product has this SKU, or this id"));
        }
        Ok(id.or(by_sku.map(|variant| variant.id)).unwrap_or_else(|| VariantId(new_id())))
    }

    /// Its place among the variants; at the end when it is new.
    pub(super) fn index(&self, product: &mut Product, id: VariantId) -> usize {
        let known = product.variants.iter().position(|variant| variant.id == id);
        known.unwrap_or_else(|| {
            product.variants.push(Variant {
                id,
                sku: self.get("sku").trim().to_owned(),
                barcode: None,
                title: String::new(),
                options: vec![],
                weight_grams: 0,
                is_stocked: true,
                prices: vec![],
            });
            product.variants.len() - 1
        })
    }
}
