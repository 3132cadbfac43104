//! What the code wants of the template, function by function.

use std::collections::{BTreeMap, BTreeSet};

use app::browsers::Browsers;
use app::{Function, Role, Trigger, Uses};
use domain::message::QueueName;
use serde_json::{Value, json};

/// One function as the template must have it.
pub(crate) struct Wanted {
    pub(crate) name: &'static str,
    pub(crate) start: Start,
    pub(crate) uses: Uses,
}

/// What starts it.
pub(crate) enum Start {
    /// Method and path.
    Http(BTreeSet<(String, String)>),
    Queue(QueueName),
    /// The expression.
    Schedule(String),
    Command,
}

impl Wanted {
    pub(crate) fn of(function: Function) -> Self {
        let start = match function.trigger {
            Trigger::Http(router) => {
                let document = router.get_openapi();
                let asked = Browsers::of(document);
                let asked = asked.paths().map(|path| ("OPTIONS".to_owned(), path.to_owned()));
                Start::Http(routes(&json!(document)).into_iter().chain(asked).collect())
            }
            Trigger::Queue(queue, _) => Start::Queue(queue),
            Trigger::Schedule(every, _) => Start::Schedule(every.to_string()),
            Trigger::Command(_) => Start::Command,
        };
        Self { name: function.name, start, uses: function.uses }
    }

    /// The name of its template resource.
    pub(crate) fn resource(&self) -> String {
        format!("{}Function", pascal(self.name))
    }

    /// Every action it may take, and on what: `sqs:SendMessage ReportsQueue`.
    pub(crate) fn grants(&self) -> BTreeSet<String> {
        let mut grants = BTreeSet::new();
        let mut grant = |service: &str, actions: &str, resource: &str| {
            let named = |action| format!("{service}:{action} {resource}");
            grants.extend(actions.split(' ').map(named));
        };
        for queue in self.uses.sends {
            grant("sqs", "SendMessage", &queue_resource(*queue));
        }
        if self.uses.key_value {
            grant("dynamodb", "DeleteItem GetItem UpdateItem", "KeyValueTable");
        }
        match self.start {
            Start::Http(_) | Start::Command => {}
            Start::Schedule(_) => grant("sqs", "SendMessage", "ScheduleDeadLetters"),
            Start::Queue(queue) => {
                let read =
                    "ChangeMessageVisibility DeleteMessage GetQueueAttributes ReceiveMessage";
                grant("sqs", read, &queue_resource(queue));
                grant("sqs", "SendMessage", &dead_letters_resource(queue));
            }
        }
        if self.uses.objects {
            grant("s3", "GetObject", "Objects/*");
            grant("s3", "ListBucket", "Objects");
            if let Start::Http(_) = self.start {
                // The address that a function signs may do what the function may do.
                grant("s3", "PutObject", "Objects/*");
            }
        }
        grants
    }

    /// Every variable of its environment, and the key of the secret it comes from, if any.
    pub(crate) fn environment(&self) -> BTreeMap<String, Option<&'static str>> {
        let mut variables = BTreeMap::from([("CONFIGURATION", None), ("PUBLIC_URL", None)]);
        if let Some(role) = self.uses.postgres {
            variables.insert("DATABASE_URL", Some(address_of(role)));
        }
        if self.uses.key_value {
            variables.insert("KEY_VALUE_TABLE", None);
        }
        if self.uses.objects {
            variables.insert("OBJECTS_BUCKET", None);
        }
        if self.uses.mailer {
            variables.extend([("MAIL_FROM", None), ("SMTP_URL", Some("smtp_url"))]);
        }
        if self.uses.gateway {
            variables.insert("STRIPE_SECRET_KEY", Some("stripe_secret_key"));
        }
        if self.serves("/v1/webhooks/payments/") {
            variables.insert("STRIPE_WEBHOOK_SECRETS", Some("stripe_webhook_secrets"));
        }
        // Whoever calls a webhook shows a signature, and neither a key nor a token.
        if matches!(self.start, Start::Http(_)) && !self.serves("/v1/webhooks/") {
            let signs = self.serves("/v1/tokens");
            variables.insert("JWT_KEYS", Some(if signs { "jwt_keys" } else { "jwt_public_keys" }));
        }
        // Links and codes in letters, refresh tokens, and codes of gift cards.
        let sealed = [
            "/v1/unsubscribe/",
            "/v1/order-status/",
            "/v1/carrier-webhook",
            "/v1/webhooks/carriers/",
            "/v1/account/reset",
            "/v1/team/accept",
            "/v1/gift-card-balance",
            "/v1/carts/",
        ];
        if self.uses.mailer || sealed.iter().any(|sealed| self.serves(sealed)) {
            variables.insert("UNSUBSCRIBE_KEYS", Some("unsubscribe_keys"));
        }
        let mut variables: BTreeMap<String, _> =
            variables.into_iter().map(|(name, secret)| (name.to_owned(), secret)).collect();
        for queue in self.uses.sends {
            variables.insert(format!("QUEUE_URL_{}", queue.as_str().to_uppercase()), None);
        }
        variables
    }

    fn serves(&self, prefix: &str) -> bool {
        matches!(&self.start, Start::Http(routes)
            if routes.iter().any(|(_, path)| path.starts_with(prefix)))
    }
}

/// `IngestQueue`.
pub(crate) fn queue_resource(queue: QueueName) -> String {
    format!("{}Queue", pascal(queue.as_str()))
}

/// `IngestDeadLetters`.
pub(crate) fn dead_letters_resource(queue: QueueName) -> String {
    format!("{}DeadLetters", pascal(queue.as_str()))
}

fn address_of(role: Role) -> &'static str {
    match role {
        Role::App => "app_url",
        Role::System => "system_url",
        Role::Owner => "owner_url",
    }
}

fn pascal(name: &str) -> String {
    let capitalized = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(capitalized).collect()
}

fn routes(document: &Value) -> BTreeSet<(String, String)> {
    let paths = document["paths"].as_object().expect("an API document has paths");
    let mut routes = BTreeSet::new();
    for (path, operations) in paths {
        for method in ["delete", "get", "head", "patch", "post", "put"] {
            if operations.get(method).is_some() {
                routes.insert((method.to_uppercase(), path.clone()));
            }
        }
    }
    routes
}
