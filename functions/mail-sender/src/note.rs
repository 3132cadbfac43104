use std::time::Duration;

use app::port::{Letter, MAX_ATTEMPTS, MailError};
use app::sealed::{self, Purpose};
use app::{App, Failure, template};
use domain::id::{CodeId, InvitationId};
use domain::person::CodePurpose;
use domain::report::Address;
use store::{people, team};

use crate::{NotSent, TRIED_AGAIN_MINUTES};

const HTML: &str = include_str!("note.html");
const TEXT: &str = include_str!("note.txt");
/// What is not kept yet is looked for again after this.
const KEPT_SOON: Duration = Duration::from_secs(3);

/// What a letter says.
struct Note {
    id: String,
    to: String,
    subject: String,
    sentence: String,
    /// What the reader sends back, or follows.
    code: String,
    /// What to do with it.
    remedy: String,
}

/// Writes a code to whom it is for. What was never kept is written to nobody.
pub(crate) async fn code(app: &App, id: CodeId, attempt: u32) -> Result<(), Failure> {
    let Some((_, email, code)) = people::code_by_id(&app.db, id).await? else {
        return not_kept(attempt);
    };
    if !code.allows(code.purpose, app.clock.now()) {
        return Ok(());
    }
    let token = sealed::seal(app, Purpose::Code, id.0, 0).map_err(Failure::retry)?;
    let url = &app.config.public_url;
    let (subject, sentence, code, remedy) = match code.purpose {
        CodePurpose::Verify => (
            "Is this address yours?",
            "somebody, you we hope, registered this address. Say that it is yours within a day:",
            format!("{url}/v1/account/verify/{token}"),
            "If it was not you, do nothing: without you, nobody gets in.",
        ),
        CodePurpose::Email => (
            "Is this your new address?",
            "an account shall be reached at this address from now on. Say within a day that it is \
             yours:",
            format!("{url}/v1/account/verify/{token}"),
            "If it was not you, do nothing: the account stays where it is.",
        ),
        CodePurpose::Reset => (
            "A code for another password",
            "somebody, you we hope, asked for another password. Within half an hour, it is chosen \
             with this code (POST /v1/account/reset):",
            token,
            "If it was not you, do nothing: the password stays what it is.",
        ),
        CodePurpose::Known => (
            "You have an account already",
            "somebody, you we hope, registered this address, which has an account. Log in with it \
             as ever, here:",
            url.clone(),
            "If you forgot the password, ask for another one (POST /v1/account/forgot). If it was \
             not you, do nothing.",
        ),
    };
    let (subject, sentence) = (subject.to_owned(), sentence.to_owned());
    let (id, remedy) = (format!("code-{id}"), remedy.to_owned());
    send(app, Note { id, to: email, subject, sentence, code, remedy }, attempt).await
}

/// Writes an invitation.
pub(crate) async fn invitation(app: &App, id: InvitationId, attempt: u32) -> Result<(), Failure> {
    let Some(invited) = team::invited(&app.db, id).await? else { return not_kept(attempt) };
    if !invited.is_open || invited.expires_at <= app.clock.now() {
        return Ok(());
    }
    let token = sealed::seal(app, Purpose::Invitation, id.0, 0).map_err(Failure::retry)?;
    let (name, role) = (&invited.tenant.name, invited.role.as_str());
    let note = Note {
        id: format!("invitation-{id}"),
        to: invited.email.clone(),
        subject: format!("{name} asks you into its team"),
        sentence: format!(
            "you are asked into the team of {name} as {role}. Within a week, with an account of \
             this address, you accept with this code (POST /v1/team/accept):"
        ),
        code: token,
        remedy: "If you do not know them, do nothing.".to_owned(),
    };
    send(app, note, attempt).await
}

fn not_kept(attempt: u32) -> Result<(), Failure> {
    match attempt {
        ..MAX_ATTEMPTS => Err(Failure::later(KEPT_SOON, NotSent::NotKept)),
        _ => Ok(()),
    }
}

async fn send(app: &App, note: Note, attempt: u32) -> Result<(), Failure> {
    let to = Address::parse(&note.to).map_err(Failure::discard)?;
    // An address of ours, or base64: neither holds what HTML would read otherwise.
    let code = &note.code;
    let shown = match code.starts_with("http") {
        true => format!("<a href=\"{code}\">{code}</a>"),
        false => code.clone(),
    };
    let values = [
        ("subject", &*note.subject),
        ("sentence", &*note.sentence),
        ("code", &**code),
        ("shown", &*shown),
        ("remedy", &*note.remedy),
    ];
    let letter = Letter {
        message_id: note.id,
        to: to.to_string(),
        subject: note.subject.chars().map(|it| if it.is_control() { ' ' } else { it }).collect(),
        html: template::part(HTML, "letter", &values),
        text: template::text(TEXT, &values),
        inline: vec![],
        unsubscribe_url: None,
    };
    match app.mailer.send(&letter).await {
        Ok(()) | Err(MailError::Unknown(_)) => Ok(()),
        // The answer of the server may name the reader.
        Err(MailError::Refused(_)) => {
            tracing::info!("a mail server refuses a letter with a code");
            Ok(())
        }
        Err(MailError::NotAccepted(_)) => {
            match TRIED_AGAIN_MINUTES.get(attempt.saturating_sub(1) as usize) {
                // Codes do not live as long as letters about orders wait.
                Some(_) => Err(Failure::later(Duration::from_secs(60), NotSent::NotYet)),
                None => Ok(()),
            }
        }
    }
}
