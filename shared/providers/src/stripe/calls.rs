use std::sync::Arc;

use domain::id::{PaymentId, RefundId};
use domain::money::Money;
use domain::order::Capture;
use http::Method;
use jiff::Timestamp;

use super::attempt::{Call, Wire};
use super::error::{Fault, StripeError, StripeSetupError};
use super::form::{Form, segment};
use super::wire::Answer;
use super::{
    Access, Heard, ListedEvent, NewPayment, NewRefund, Page, Payment, Refund, Stripe, Window,
};

/// The longest part of a list that Stripe gives.
const PAGE: i64 = 100;
/// More payments than a shop has in the minutes around a call whose outcome is not known.
const LOOKED_THROUGH: usize = 10_000;

impl Stripe {
    /// Takes address and key; connects to nothing yet.
    ///
    /// # Errors
    /// When one of them cannot be used.
    pub fn new(access: &Access) -> Result<Self, StripeSetupError> {
        Ok(Self(Arc::new(Wire::new(access)?)))
    }

    /// Makes a payment, which the customer's browser then confirms. Which kinds of payment are
    /// offered is set at Stripe.
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn create_payment(
        &self,
        new: &NewPayment,
        key: &str,
    ) -> Result<Payment, StripeError> {
        let capture = match new.capture {
            Capture::Automatic => "automatic",
            Capture::Manual => "manual",
        };
        let form = Form::new()
            .with_number("amount", new.amount.to_provider()?)
            .with("currency", &new.amount.currency.code().to_ascii_lowercase())
            .with("capture_method", capture)
            .with_subject(&new.subject);
        self.change("/v1/payment_intents".to_owned(), form, key).await
    }

    /// Changes what is to be paid. Refused once the customer has paid, or is about to.
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn update_amount(
        &self,
        payment: &str,
        amount: Money,
        key: &str,
    ) -> Result<Payment, StripeError> {
        let form = Form::new().with_number("amount", amount.to_provider()?);
        self.change(intent(payment, ""), form, key).await
    }

    /// Pays, as otherwise a browser does: for tests, with one of Stripe's names for its test
    /// cards, such as `pm_card_visa`.
    ///
    /// # Errors
    /// See [`StripeError`]; `Refused` when the card is declined.
    pub async fn confirm(
        &self,
        payment: &str,
        payment_method: &str,
        key: &str,
    ) -> Result<Payment, StripeError> {
        let form = Form::new()
            .with("payment_method", payment_method)
            .with("return_url", "https://localhost/");
        self.change(intent(payment, "/confirm"), form, key).await
    }

    /// Takes money that is authorized, once; what is not taken is let go.
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn capture(
        &self,
        payment: &str,
        amount: Money,
        key: &str,
    ) -> Result<Payment, StripeError> {
        let form = Form::new().with_number("amount_to_capture", amount.to_provider()?);
        self.change(intent(payment, "/capture"), form, key).await
    }

    /// Calls a payment off that was not taken yet. Refused once it was: then it takes a refund.
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn cancel(&self, payment: &str, key: &str) -> Result<Payment, StripeError> {
        self.change(intent(payment, "/cancel"), Form::new(), key).await
    }

    /// Gives money back. What it says of its state is not the last word: a refund can fail weeks
    /// after it succeeded.
    ///
    /// # Errors
    /// See [`StripeError`]; `Refused` when it is more than is left.
    pub async fn refund(&self, new: &NewRefund<'_>, key: &str) -> Result<Refund, StripeError> {
        let form = Form::new()
            .with("payment_intent", new.of)
            .with_number("amount", new.amount.to_provider()?)
            .with_subject(&new.subject)
            .with_refund(new.refund);
        self.change("/v1/refunds".to_owned(), form, key).await
    }

    /// Looks at a payment.
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn retrieve_payment(&self, payment: &str) -> Result<Payment, StripeError> {
        self.look(intent(payment, "")).await
    }

    /// Looks at a refund.
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn retrieve_refund(&self, refund: &str) -> Result<Refund, StripeError> {
        self.look(format!("/v1/refunds/{}", segment(refund))).await
    }

    /// The refunds of a payment.
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn refunds_of(
        &self,
        payment: &str,
        after: Option<&str>,
    ) -> Result<Page<Refund>, StripeError> {
        self.list("refunds", Form::new().with("payment_intent", payment), after).await
    }

    /// Finds a refund of a payment by what we wrote on it when we asked for it.
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn find_refund(
        &self,
        payment: &str,
        refund: RefundId,
    ) -> Result<Option<Refund>, StripeError> {
        let mut after = None;
        loop {
            let page = self.refunds_of(payment, after.as_deref()).await?;
            let found = page.items.into_iter().find(|item| item.refund == Some(refund));
            after = page.next;
            if found.is_some() || after.is_none() {
                return Ok(found);
            }
        }
    }

    /// The payments that were made in a time.
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn list_payments(
        &self,
        window: Window,
        after: Option<&str>,
    ) -> Result<Page<Payment>, StripeError> {
        let form = Form::new()
            .with_number("created[gte]", window.from.as_second())
            .with_number("created[lte]", window.to.as_second());
        self.list("payment_intents", form, after).await
    }

    /// Finds what was made of a payment of ours within a time: none when the call never arrived,
    /// more than one when it was made again after its key had expired.
    ///
    /// It goes through the list and does not search: Stripe's search is behind by up to a minute,
    /// by more in an outage, and this is asked just after a call whose outcome is not known.
    /// (docs.stripe.com/search) We know that time to the second, so the list is short.
    ///
    /// # Errors
    /// See [`StripeError`]; `Unavailable` for a time with more than 10,000 payments.
    pub async fn find_payments(
        &self,
        payment: PaymentId,
        window: Window,
    ) -> Result<Vec<Payment>, StripeError> {
        let (mut found, mut seen, mut after) = (vec![], 0, None);
        loop {
            let page = self.list_payments(window, after.as_deref()).await?;
            seen += page.items.len();
            found.extend(
                page.items
                    .into_iter()
                    .filter(|item| item.subject.is_some_and(|subject| subject.payment == payment)),
            );
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
            if seen >= LOOKED_THROUGH {
                return Err(StripeError::Unavailable(Box::new(Fault::TooMany(LOOKED_THROUGH))));
            }
        }
    }

    /// The events since a second, that one included. To go on from the last run, begin a little
    /// before its end: the grain is a second, and what is read twice folds to the same.
    ///
    /// # Errors
    /// See [`StripeError`].
    pub async fn list_events(
        &self,
        since: Timestamp,
        heard: Heard,
        after: Option<&str>,
    ) -> Result<Page<ListedEvent>, StripeError> {
        let mut form = Form::new().with_number("created[gte]", since.as_second());
        if heard == Heard::Never {
            form = form.with("delivery_success", "false");
        }
        self.list("events", form, after).await
    }

    async fn list<T>(
        &self,
        what: &str,
        form: Form,
        after: Option<&str>,
    ) -> Result<Page<T>, StripeError>
    where
        Page<T>: Answer,
    {
        let mut form = form.with_number("limit", PAGE);
        if let Some(after) = after {
            form = form.with("starting_after", after);
        }
        self.look(format!("/v1/{what}?{}", form.finish())).await
    }

    async fn look<T: Answer>(&self, path: String) -> Result<T, StripeError> {
        let call = Call { method: Method::GET, path, form: String::new(), key: None };
        let body = self.0.call(&call).await?;
        T::read(&body).map_err(|fault| StripeError::Unavailable(Box::new(fault)))
    }

    /// An answer that cannot be read is none: what was asked for was probably done.
    async fn change<T: Answer>(
        &self,
        path: String,
        form: Form,
        key: &str,
    ) -> Result<T, StripeError> {
        let call = Call { method: Method::POST, path, form: form.finish(), key: Some(key) };
        let body = self.0.call(&call).await?;
        T::read(&body).map_err(|fault| StripeError::Unknown(Box::new(fault)))
    }
}

fn intent(payment: &str, step: &str) -> String {
    format!("/v1/payment_intents/{}{step}", segment(payment))
}
