use super::mime::{self, Composed};
use super::{Inline, Letter, MailError};

#[test]
fn a_letter_has_text_and_html_with_its_pictures_and_is_ascii_throughout() {
    let text = written(&letter());
    assert!(text.is_ascii());
    assert!(text.lines().all(|line| line.len() <= 998));
    assert_eq!(header(&text, "Message-ID"), ["<report-1@takings.example>"]);
    assert_eq!(header(&text, "To"), ["owner@shop.example"]);
    assert_eq!(header(&text, "From"), ["Takings <reports@takings.example>"]);
    assert_eq!(header(&text, "Date").len(), 1);
    let order = ["multipart/alternative", "text/plain", "multipart/related", "text/html"];
    let places = order.map(|part| text.find(part).unwrap_or_else(|| panic!("no {part}")));
    assert!(places.is_sorted(), "{text}");
    assert!(text.contains("Content-ID: <chart>"));
}

#[test]
fn a_letter_without_pictures_has_no_part_for_them() {
    let text = written(&Letter { inline: Vec::new(), ..letter() });
    assert!(text.contains("multipart/alternative"));
    assert!(!text.contains("multipart/related"));
}

#[test]
fn one_click_unsubscribing_is_offered_exactly_when_there_is_an_address() {
    let url = format!("https://takings.example/unsubscribe?token={}", "x".repeat(300));
    let text = written(&Letter { unsubscribe_url: Some(url.clone()), ..letter() });
    assert_eq!(header(&text, "List-Unsubscribe"), [format!("<{url}>")]);
    assert_eq!(header(&text, "List-Unsubscribe-Post"), ["List-Unsubscribe=One-Click"]);
    assert!(!written(&letter()).contains("List-Unsubscribe"));
}

#[test]
fn a_message_id_without_a_domain_gets_the_senders() {
    let bare = Letter { message_id: "a1".to_owned(), ..letter() };
    assert_eq!(header(&written(&bare), "Message-ID"), ["<a1@takings.example>"]);
}

#[test]
fn an_international_domain_goes_out_as_ascii() {
    let text = written(&Letter { to: "owner@bücher.example".to_owned(), ..letter() });
    assert_eq!(header(&text, "To"), ["owner@xn--bcher-kva.example"]);
}

#[test]
fn a_subject_cannot_become_a_header() {
    for subject in ["Sales\r\nBcc: all@shop.example", "Sales\nBcc: x\rBcc: y", "Sales\0\u{85}"] {
        let text = written(&Letter { subject: subject.to_owned(), ..letter() });
        assert!(header(&text, "Bcc").is_empty(), "{text}");
        assert_eq!(header(&text, "Subject").len(), 1);
    }
}

#[test]
fn what_could_become_a_header_or_a_command_is_refused() {
    let refused = [
        Letter { to: "owner@shop.example\r\nBcc: all@shop.example".to_owned(), ..letter() },
        Letter { to: "\"a\r\nDATA\"@shop.example".to_owned(), ..letter() },
        Letter { to: "owner@shop.example>\r\nDATA".to_owned(), ..letter() },
        Letter { to: "owner@shop.example, other@shop.example".to_owned(), ..letter() },
        Letter { to: "nobody".to_owned(), ..letter() },
        Letter { to: String::new(), ..letter() },
        Letter { to: "björn@shop.example".to_owned(), ..letter() },
        Letter { to: format!("{}@shop.example", "a".repeat(260)), ..letter() },
        Letter { message_id: "a\r\nBcc: x@y".to_owned(), ..letter() },
        Letter { message_id: "../../etc/passwd".to_owned(), ..letter() },
        Letter { message_id: String::new(), ..letter() },
        Letter { unsubscribe_url: Some("javascript:alert(1)".to_owned()), ..letter() },
        Letter { unsubscribe_url: Some(format!("https://x.example/{:0900}", 1)), ..letter() },
        with_picture(Inline { content_id: "a>\r\nX: y".to_owned(), ..chart() }),
        with_picture(Inline { media_type: "png\r\nX: y".to_owned(), ..chart() }),
    ];
    for letter in refused {
        let outcome = Composed::new(&letter, &mime::sender(FROM).unwrap());
        assert!(matches!(outcome, Err(MailError::Refused(_))), "accepted: {letter:?}");
    }
    let address = "https://x.example/?a=\r\nBcc: x<y>".to_owned();
    let text = written(&Letter { unsubscribe_url: Some(address), ..letter() });
    assert!(header(&text, "Bcc").is_empty(), "{text}");
}

const FROM: &str = "Takings <reports@takings.example>";

fn letter() -> Letter {
    Letter {
        message_id: "<report-1@takings.example>".to_owned(),
        to: "owner@shop.example".to_owned(),
        subject: "Café: 1 234 €".to_owned(),
        html: format!("<p>Grüße</p><img src=\"cid:chart\">{}", "x".repeat(2000)),
        text: "Grüße\n.\n..\n".to_owned(),
        inline: vec![chart()],
        unsubscribe_url: None,
    }
}

fn with_picture(picture: Inline) -> Letter {
    Letter { inline: vec![picture], ..letter() }
}

fn chart() -> Inline {
    Inline {
        content_id: "chart".to_owned(),
        media_type: "image/png".to_owned(),
        bytes: (0..=255).collect(),
    }
}

fn written(letter: &Letter) -> String {
    let composed = Composed::new(letter, &mime::sender(FROM).unwrap()).unwrap();
    String::from_utf8(composed.bytes).unwrap()
}

/// The values of a header of the letter itself, not of its parts.
fn header(text: &str, name: &str) -> Vec<String> {
    let head = text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    let named = |line: &str| line.strip_prefix(name)?.strip_prefix(": ").map(str::to_owned);
    head.lines().filter_map(named).collect()
}
