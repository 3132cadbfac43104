use std::collections::BTreeMap;

use app::{App, Problem};
use domain::catalog::sheet::{Block, Fault, Outcome, Sheet};
use domain::catalog::{Product, ProductType, Unsound};
use domain::id::TenantNumber;
use store::catalog::sheet::Names;
use store::catalog::{self as products, sheet, types};
use uuid::Uuid;

use super::wire::{SheetFaultOut, SheetOut};

/// Products that are looked for at once.
const AT_ONCE: usize = 100;
/// How often a product is looked at again that another call writes meanwhile.
const TRIES: usize = 3;

/// Writing the products of a sheet.
pub(crate) struct Work<'a> {
    app: &'a App,
    tenant: TenantNumber,
    dry_run: bool,
    types: BTreeMap<String, Option<ProductType>>,
}

/// What became of a product.
enum Done {
    Made,
    Changed,
    Unchanged,
}

impl<'a> Work<'a> {
    pub(crate) fn new(app: &'a App, tenant: TenantNumber, dry_run: bool) -> Self {
        Self { app, tenant, dry_run, types: BTreeMap::new() }
    }

    pub(crate) async fn write(&mut self, sheet: &Sheet) -> Result<SheetOut, Problem> {
        let mut out = SheetOut::default();
        for blocks in sheet.blocks.chunks(AT_ONCE) {
            let known = self.known(blocks).await?;
            for block in blocks {
                match self.one(block, &known).await? {
                    Ok(Done::Made) => out.made += 1,
                    Ok(Done::Changed) => out.changed += 1,
                    Ok(Done::Unchanged) => out.unchanged += 1,
                    Err(faults) => {
                        out.refused += 1;
                        out.faults.extend(faults.into_iter().map(SheetFaultOut::from));
                    }
                }
            }
        }
        Ok(out)
    }

    async fn known(&self, blocks: &[Block]) -> Result<Vec<Product>, Problem> {
        let mut names = Names::default();
        for block in blocks {
            let (ids, slug, skus) = block.names();
            names.ids.extend(ids);
            names.slugs.push(slug.to_owned());
            names.skus.extend(skus.into_iter().map(str::to_owned));
        }
        Ok(sheet::named(&self.app.db, self.tenant, &names).await?)
    }

    async fn one(
        &mut self,
        block: &Block,
        known: &[Product],
    ) -> Result<Result<Done, Vec<Fault>>, Problem> {
        let mut newer = None;
        for _attempt in 0..TRIES {
            let known = newer.as_deref().unwrap_or(known);
            let product = match block.of(known, &mut Uuid::now_v7) {
                Ok(Outcome::Written(product)) => product,
                Ok(Outcome::Unchanged) => return Ok(Ok(Done::Unchanged)),
                Err(faults) => return Ok(Err(faults)),
            };
            let of = match self.type_version(&product).await? {
                Ok(of) => of,
                Err(unsound) => return Ok(Err(vec![block.place(&unsound, &BTreeMap::new())])),
            };
            let done = if product.version > 0 { Done::Changed } else { Done::Made };
            if self.dry_run {
                return Ok(Ok(done));
            }
            let expected = Some(product.version);
            match products::put(&self.app.db, self.tenant, &product, expected, of).await {
                Ok(_written) => return Ok(Ok(done)),
                Err(error) if error.is_conflict() || error.refusal().is_some() => {
                    tracing::debug!(error = app::trace::chain(&error), "another call was first");
                    newer = Some(self.known(std::slice::from_ref(block)).await?);
                    self.types.clear();
                }
                Err(error) => return Err(error.into()),
            }
        }
        let fault = "another call changes the product or what it names; send its rows again";
        Ok(Err(vec![Fault { line: block.line(), field: String::new(), fault: fault.to_owned() }]))
    }

    /// The version of the product's type, when its attributes fit.
    async fn type_version(
        &mut self,
        product: &Product,
    ) -> Result<Result<Option<i32>, Unsound>, Problem> {
        let Some(name) = &product.product_type else { return Ok(Ok(None)) };
        if !self.types.contains_key(name) {
            let found = types::find(&self.app.db, self.tenant, std::slice::from_ref(name)).await?;
            self.types.insert(name.clone(), found.into_iter().next());
        }
        let Some(Some(known)) = self.types.get(name) else {
            let fault = format!("there is no product type `{name}`; write it first");
            return Ok(Err(Unsound { field: "type".to_owned(), fault }));
        };
        Ok(known.schema.check(&product.attributes).map(|()| Some(known.version)))
    }
}
