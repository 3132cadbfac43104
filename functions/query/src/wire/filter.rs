use app::Problem;
use domain::metric::Tags;
use domain::question::{Filter, Test, limit};
use serde::Deserialize;
use utoipa::ToSchema;

/// Which series count. Either `and`, or `or`, or a `tag` with one test. A series without the tag
/// passes `ne` and `not_in`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilterIn {
    /// All of these.
    #[schema(no_recursion)]
    and: Option<Vec<FilterIn>>,
    /// One of these at least.
    #[schema(no_recursion)]
    or: Option<Vec<FilterIn>>,
    /// The key of a tag.
    #[schema(example = "country")]
    tag: Option<String>,
    /// Its value is this.
    #[schema(example = "DE")]
    eq: Option<String>,
    /// Its value is not this.
    ne: Option<String>,
    /// Its value is one of these.
    r#in: Option<Vec<String>>,
    /// Its value is none of these.
    not_in: Option<Vec<String>>,
    /// Its value has this text in it.
    contains: Option<String>,
    /// It has a value, or none.
    exists: Option<bool>,
}

impl FilterIn {
    /// Checks the whole filter.
    pub(crate) fn check(self, field: &str) -> Result<Filter, Problem> {
        let filter = self.part(field, limit::FILTER_DEPTH)?;
        filter.check().map_err(|error| Problem::invalid(field, error.to_string()))?;
        Ok(filter)
    }

    fn part(self, field: &str, levels: usize) -> Result<Filter, Problem> {
        if levels == 0 {
            let error = domain::question::FilterTooLarge;
            return Err(Problem::invalid(field, error.to_string()));
        }
        match self {
            Self { and: Some(parts), or: None, tag: None, .. } => {
                Ok(Filter::And(all(parts, &format!("{field}.and"), levels - 1)?))
            }
            Self { and: None, or: Some(parts), tag: None, .. } => {
                Ok(Filter::Or(all(parts, &format!("{field}.or"), levels - 1)?))
            }
            Self { and: None, or: None, tag: Some(key), .. } => {
                tag_key(&key, &format!("{field}.tag"))?;
                let mut tests = Vec::new();
                tests.extend(self.eq.map(|value| ("eq", Test::Eq(value))));
                tests.extend(self.ne.map(|value| ("ne", Test::Ne(value))));
                tests.extend(self.r#in.map(|values| ("in", Test::In(values))));
                tests.extend(self.not_in.map(|values| ("not_in", Test::NotIn(values))));
                tests.extend(self.contains.map(|text| ("contains", Test::Contains(text))));
                tests.extend(self.exists.map(|exists| ("exists", Test::Exists(exists))));
                match <[_; 1]>::try_from(tests) {
                    Ok([(word, test)]) => {
                        values(&test, &format!("{field}.{word}"))?;
                        Ok(Filter::Tag { key, test })
                    }
                    Err(_) => Err(Problem::invalid(
                        field,
                        "give exactly one test of the tag: eq, ne, in, not_in, contains or exists",
                    )),
                }
            }
            _ => Err(Problem::invalid(field, "give exactly one of `and`, `or` and `tag`")),
        }
    }
}

/// The key of a tag, or a problem.
pub(super) fn tag_key(key: &str, field: &str) -> Result<(), Problem> {
    Tags::one(key, "value").check().map_err(|(code, _)| Problem::invalid(field, code.advice()))
}

fn all(parts: Vec<FilterIn>, field: &str, levels: usize) -> Result<Vec<Filter>, Problem> {
    if parts.is_empty() {
        return Err(Problem::invalid(field, "the list is empty; leave the filter out"));
    }
    let part = |(index, part): (usize, FilterIn)| part.part(&format!("{field}[{index}]"), levels);
    parts.into_iter().enumerate().map(part).collect()
}

fn values(test: &Test, field: &str) -> Result<(), Problem> {
    let values: &[String] = match test {
        Test::Eq(value) | Test::Ne(value) | Test::Contains(value) => std::slice::from_ref(value),
        Test::In(values) | Test::NotIn(values) => {
            if values.is_empty() || values.len() > limit::FILTER_VALUES {
                let most = limit::FILTER_VALUES;
                return Err(Problem::invalid(field, format!("give 1 to {most} values")));
            }
            values
        }
        Test::Exists(_) => &[],
    };
    for value in values {
        Tags::one("tag", value)
            .check()
            .map_err(|(code, _)| Problem::invalid(field, code.advice()))?;
    }
    Ok(())
}
