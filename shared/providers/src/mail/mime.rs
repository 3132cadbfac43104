use lettre::address::AddressError;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use url::{Host, Url};

use super::{Letter, MailError, MailerSetupError};

const LIST_UNSUBSCRIBE: HeaderName = HeaderName::new_from_ascii_str("List-Unsubscribe");
const LIST_UNSUBSCRIBE_POST: HeaderName = HeaderName::new_from_ascii_str("List-Unsubscribe-Post");
/// A path may have 256 bytes with its angle brackets (RFC 5321, 4.5.3.1.3).
const ADDRESS_BYTES: usize = 254;
const TOKEN_BYTES: usize = 200;
/// A line may have 998 bytes (RFC 5322, 2.1.1), and this header cannot be folded.
const URL_BYTES: usize = 900;

/// A letter ready to go: RFC 5322 in plain ASCII.
pub(super) struct Composed {
    pub(super) to: Address,
    /// Without angle brackets; safe as the name of a file.
    pub(super) message_id: String,
    pub(super) bytes: Vec<u8>,
}

/// Why nobody could send the letter.
#[derive(Debug, thiserror::Error)]
enum Unsendable {
    #[error("the recipient is not an address")]
    Recipient(#[from] AddressError),
    #[error("the recipient's address is too long, or not ASCII before its `@`")]
    RecipientText,
    #[error("the Message-ID is not 1 to 200 letters, digits and `.-_+=@`")]
    MessageId,
    #[error("a picture's name is not 1 to 200 letters, digits and `.-_+=@`")]
    ContentId,
    #[error("a picture's media type is none")]
    MediaType(#[source] lettre::message::header::ContentTypeErr),
    #[error("the address to unsubscribe at is not a short http(s) URL")]
    UnsubscribeUrl,
    #[error("the letter cannot be put together")]
    Parts(#[from] lettre::error::Error),
}

impl Composed {
    /// Puts a letter together. Nothing of it can add a header, an address or a command.
    pub(super) fn new(letter: &Letter, from: &Mailbox) -> Result<Self, MailError> {
        compose(letter, from).map_err(|fault| MailError::Refused(Box::new(fault)))
    }
}

/// Reads a sender, with or without a name.
pub(super) fn sender(from: &str) -> Result<Mailbox, MailerSetupError> {
    from.parse().map_err(MailerSetupError::From)
}

fn compose(letter: &Letter, from: &Mailbox) -> Result<Composed, Unsendable> {
    let to = recipient(&letter.to)?;
    let message_id = message_id(&letter.message_id, from)?;
    let mut message = Message::builder()
        .date_now()
        .from(from.clone())
        .to(Mailbox::new(None, to.clone()))
        .subject(letter.subject.replace(char::is_control, " "))
        .message_id(Some(format!("<{message_id}>")));
    if let Some(url) = &letter.unsubscribe_url {
        let address = format!("<{}>", unsubscribe_url(url)?);
        let one_click = "List-Unsubscribe=One-Click".to_owned();
        // Checked above: the encoder would fold a long address, which breaks it.
        message = message
            .raw_header(HeaderValue::dangerous_new_pre_encoded(
                LIST_UNSUBSCRIBE,
                address.clone(),
                address,
            ))
            .raw_header(HeaderValue::new(LIST_UNSUBSCRIBE_POST, one_click));
    }
    let bytes = message.multipart(body(letter)?)?.formatted();
    Ok(Composed { to, message_id, bytes })
}

fn body(letter: &Letter) -> Result<MultiPart, Unsendable> {
    let text = SinglePart::plain(letter.text.clone());
    let html = SinglePart::html(letter.html.clone());
    let alternative = MultiPart::alternative().singlepart(text);
    if letter.inline.is_empty() {
        return Ok(alternative.singlepart(html));
    }
    let mut related = MultiPart::related().singlepart(html);
    for picture in &letter.inline {
        if !is_token(&picture.content_id) {
            return Err(Unsendable::ContentId);
        }
        let media_type = ContentType::parse(&picture.media_type).map_err(Unsendable::MediaType)?;
        let part = Attachment::new_inline(picture.content_id.clone());
        related = related.singlepart(part.body(picture.bytes.clone(), media_type));
    }
    Ok(alternative.multipart(related))
}

fn recipient(text: &str) -> Result<Address, Unsendable> {
    let (user, domain) = text.rsplit_once('@').ok_or(AddressError::MissingParts)?;
    if !user.bytes().all(|byte| (b' '..=b'~').contains(&byte)) || text.len() > ADDRESS_BYTES {
        return Err(Unsendable::RecipientText);
    }
    // Of an international domain, servers understand the ASCII form only.
    let domain = match Host::parse(domain) {
        Ok(Host::Domain(ascii)) => ascii,
        _ => domain.to_owned(),
    };
    Ok(Address::new(user, domain)?)
}

fn message_id(text: &str, from: &Mailbox) -> Result<String, Unsendable> {
    let bare = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(text);
    if !is_token(bare) {
        return Err(Unsendable::MessageId);
    }
    let domain = from.email.domain();
    Ok(if bare.contains('@') { bare.to_owned() } else { format!("{bare}@{domain}") })
}

fn unsubscribe_url(text: &str) -> Result<Url, Unsendable> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    // Parsed, it is ASCII without spaces; the brackets around it must stay the only ones.
    url.filter(|url| url.as_str().len() <= URL_BYTES && !url.as_str().contains(['<', '>']))
        .ok_or(Unsendable::UnsubscribeUrl)
}

fn is_token(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_+=@".contains(&byte);
    (1..=TOKEN_BYTES).contains(&text.len()) && text.bytes().all(plain)
}
