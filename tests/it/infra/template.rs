//! The template, as written and as expanded, by the questions the checks ask of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What `tests/tools/template.py` says of one variant of the template.
pub(crate) struct Template<'a>(pub(crate) &'a Value);

impl<'a> Template<'a> {
    /// Findings of the expansion and of cfn-lint: rule and message.
    pub(crate) fn lint(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let findings = self.0["findings"].as_array().expect("a report has findings");
        findings.iter().map(|finding| (text(&finding["rule"]), text(&finding["message"])))
    }

    /// Resources of a type by name, with their properties.
    pub(crate) fn of_type(&self, kind: &str) -> BTreeMap<&'a str, &'a Value> {
        let resources = self.0["template"]["Resources"].as_object().expect("a template");
        let of_type = resources.iter().filter(|(_, resource)| resource["Type"] == kind);
        of_type.map(|(name, resource)| (name.as_str(), &resource["Properties"])).collect()
    }

    /// Its functions by resource name.
    pub(crate) fn functions(&self) -> BTreeMap<&'a str, &'a Value> {
        self.of_type("AWS::Serverless::Function")
    }

    /// The properties of a resource; null when there is none.
    pub(crate) fn properties(&self, resource: &str) -> &'a Value {
        &self.0["template"]["Resources"][resource]["Properties"]
    }

    /// A property of a function, or the one that holds for all functions.
    pub(crate) fn of_function(&self, resource: &str, property: &str) -> &'a Value {
        match &self.properties(resource)[property] {
            Value::Null => &self.0["template"]["Globals"]["Function"][property],
            own => own,
        }
    }

    /// The variables of a function with their values as JSON.
    pub(crate) fn environment(&self, resource: &str) -> BTreeMap<&'a str, String> {
        let shared = &self.0["template"]["Globals"]["Function"]["Environment"]["Variables"];
        let own = &self.properties(resource)["Environment"]["Variables"];
        let variables = [shared, own].into_iter().filter_map(Value::as_object).flatten();
        variables.map(|(name, value)| (name.as_str(), value.to_string())).collect()
    }

    /// Events of a function, of one type, with their properties.
    pub(crate) fn events(&self, resource: &str, kind: &str) -> Vec<&'a Value> {
        let events = self.properties(resource)["Events"].as_object().into_iter().flatten();
        let of_type = events.filter(|(_, event)| event["Type"] == kind);
        of_type.map(|(_, event)| &event["Properties"]).collect()
    }

    /// What the role of a function may do, in the expansion: `sqs:SendMessage ReportsQueue`.
    pub(crate) fn grants(&self, resource: &str) -> BTreeSet<String> {
        let resources = &self.0["expanded"]["Resources"];
        let role = &resources[format!("{resource}Role")]["Properties"];
        let mut grants = BTreeSet::new();
        for policy in items(&role["Policies"]) {
            grants.extend(statements(&policy["PolicyDocument"]));
        }
        for policy in items(&role["ManagedPolicyArns"]) {
            match &policy["Ref"] {
                Value::String(name) => {
                    let properties = &resources[name]["Properties"];
                    grants.extend(statements(&properties["PolicyDocument"]));
                }
                _ if EVERY_FUNCTION.iter().any(|name| text(policy).ends_with(name)) => {}
                _ => drop(grants.insert(policy.to_string())),
            }
        }
        grants
    }
}

/// Logs and traces, which SAM allows every function.
const EVERY_FUNCTION: [&str; 2] = ["/AWSLambdaBasicExecutionRole", "/AWSXrayWriteOnlyAccess"];

/// A string, or nothing.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The elements of a list; a single value counts as a list of one.
pub(crate) fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        single => vec![single],
    }
}

/// The resource that a `!Ref`, a `!GetAtt` or a `!Sub` names, else the value itself.
pub(crate) fn target(value: &Value) -> String {
    let named = [&value["Ref"], &value["Fn::GetAtt"][0], &value["Fn::Sub"]];
    match named.into_iter().find_map(Value::as_str) {
        Some(name) => name.replace("${", "").replace(".Arn}", ""),
        None => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

fn statements(document: &Value) -> BTreeSet<String> {
    let mut grants = BTreeSet::new();
    for statement in items(&document["Statement"]) {
        for action in items(&statement["Action"]) {
            for resource in items(&statement["Resource"]) {
                grants.insert(format!("{} {}", text(action), target(resource)));
            }
        }
    }
    grants
}
