//! Letters by SMTP, against a real server, and into a folder: the same letter either way.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;

use app::port::{Inline, Letter, MailError, Mailer};
use providers::mail::{Folder, Smtp};
use tests::tools::{Tools, say};
use uuid::Uuid;

const FROM: &str = "Takings <reports@takings.example>";

#[tokio::test]
async fn a_folder_keeps_what_a_mailer_promises() {
    let place = place();
    conforms(&Folder::new(&place, FROM).unwrap(), &place, &letter()).await;
}

#[tokio::test]
async fn a_mail_server_keeps_what_a_mailer_promises() {
    let server = Server::start();
    let mailer = server.mailer("smtp://", "?tls=required");
    conforms(&mailer, &server.folder, &server.letter_to("owner")).await;
}

/// What every mailer does.
async fn conforms(mailer: &dyn Mailer, place: &Path, letter: &Letter) {
    mailer.send(letter).await.expect("a good letter goes");
    let [arrived] = &letters(place)[..] else { panic!("not one letter") };
    for expected in [
        "From: Takings <reports@takings.example>",
        &format!("To: {}", letter.to),
        "Subject: Your week",
        "Message-ID: <report-1.owner@takings.example>",
        "List-Unsubscribe: <https://takings.example/unsubscribe?token=abc>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Content-Type: multipart/alternative",
        "Content-Type: multipart/related",
        "Content-ID: <chart>",
    ] {
        assert!(arrived.contains(expected), "no `{expected}` in\n{arrived}");
    }

    mailer.send(letter).await.expect("a good letter goes");
    let again = letters(place);
    let other_than_the_first = again.iter().filter(|again| essence(again) != essence(arrived));
    assert_eq!(other_than_the_first.count(), 0, "a repetition can be told from another letter");

    let before = again.len();
    for to in ["nobody", "owner@shop.example\r\nBcc: all@shop.example", "a@shop.example, b@c.de"] {
        let refused = mailer.send(&Letter { to: to.to_owned(), ..letter.clone() }).await;
        assert!(matches!(refused, Err(MailError::Refused(_))), "{to}: {refused:?}");
    }
    assert_eq!(letters(place).len(), before);

    let subject = "Your week\r\nBcc: all@shop.example\r\n\r\nHello".to_owned();
    let message_id = "report-2@takings.example".to_owned();
    let smuggler = Letter { subject, message_id, ..letter.clone() };
    mailer.send(&smuggler).await.expect("its subject is made harmless");
    let all = letters(place);
    assert_eq!(all.len(), before + 1);
    assert!(all.iter().all(|arrived| !arrived.contains("\r\nBcc:")), "{all:?}");
}

#[tokio::test]
async fn a_letter_is_the_same_by_either_way() {
    let (server, place) = (Server::start(), place());
    let dots = Letter { text: "Dots:\n.\n..\n.quit\n".to_owned(), ..server.letter_to("owner") };
    server.mailer("smtp://", "?tls=none").send(&dots).await.unwrap();
    Folder::new(&place, FROM).unwrap().send(&dots).await.unwrap();
    assert_eq!(essence(&letters(&server.folder)[0]), essence(&letters(&place)[0]));
}

#[tokio::test]
async fn a_folder_names_letters_by_their_id_and_another_try_replaces_the_first() {
    let place = place();
    let folder = Folder::new(&place, FROM).unwrap();
    folder.send(&letter()).await.unwrap();
    folder.send(&Letter { subject: "Second try".to_owned(), ..letter() }).await.unwrap();
    let names: Vec<_> =
        fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["report-1.owner@takings.example.eml"]);
    assert!(letters(&place)[0].contains("Subject: Second try"));
}

#[tokio::test]
async fn letters_are_encrypted_as_the_address_says() {
    let server = Server::start();
    let ways = [
        ("smtps://", "", "tls"),
        ("smtp://", "", "tls"),
        ("smtp://", "?tls=required", "tls"),
        ("smtp://", "?tls=opportunistic", "tls"),
        ("smtp://", "?tls=none", "plain"),
    ];
    for (index, (scheme, query, protection)) in ways.into_iter().enumerate() {
        server.mailer(scheme, query).send(&server.letter_to("owner")).await.unwrap();
        let name = format!("{index:03}-{protection}.eml");
        assert!(server.folder.join(&name).exists(), "{scheme}{query}: no {name}");
    }
}

#[tokio::test]
async fn a_server_with_a_certificate_nobody_vouches_for_gets_no_letter() {
    let server = Server::start();
    for (scheme, query) in [("smtps://", ""), ("smtp://", "?tls=opportunistic")] {
        let mailer = Smtp::new(&server.url(scheme, query), FROM, None).unwrap();
        let outcome = mailer.send(&server.letter_to("owner")).await;
        assert!(matches!(outcome, Err(MailError::NotAccepted(_))), "{outcome:?}");
    }
    assert!(letters(&server.folder).is_empty());
}

#[tokio::test]
async fn a_wrong_password_does_not_lose_the_letter() {
    let server = Server::start();
    let letter = server.letter_to("owner");
    for scheme in ["smtp://", "smtps://"] {
        let mailer = |user: &str| server.mailer(&format!("{scheme}{user}@"), "");
        mailer("shop:p%40ss%3Aword").send(&letter).await.unwrap();
        let outcome = mailer("shop:guess").send(&letter).await;
        assert!(matches!(outcome, Err(MailError::NotAccepted(_))), "{outcome:?}");
    }
    assert_eq!(letters(&server.folder).len(), 2);
}

#[tokio::test]
async fn what_the_server_says_of_the_recipient_is_believed() {
    let server = Server::start();
    let mailer = server.mailer("smtp://", "?tls=none");
    let later = mailer.send(&server.letter_to("later")).await;
    assert!(matches!(later, Err(MailError::NotAccepted(_))), "{later:?}");
    let never = mailer.send(&server.letter_to("never")).await;
    assert!(matches!(never, Err(MailError::Refused(_))), "{never:?}");
    assert!(letters(&server.folder).is_empty());
}

/// The server kept it, but the mailer cannot know: sending it again would be a second letter.
#[tokio::test]
async fn a_letter_whose_answer_was_lost_may_have_arrived() {
    let server = Server::start();
    let outcome = server.mailer("smtp://", "?tls=none").send(&server.letter_to("lost")).await;
    assert!(matches!(outcome, Err(MailError::Unknown(_))), "{outcome:?}");
    assert_eq!(letters(&server.folder).len(), 1);
}

/// A mail server, one for all tests; each has a domain of its own, and a folder for its letters.
struct Server {
    authority: PathBuf,
    starttls_port: u16,
    tls_port: u16,
    domain: String,
    folder: PathBuf,
}

impl Server {
    fn start() -> Self {
        // The server ends when its standard input does: with this process.
        static PROCESS: OnceLock<(PathBuf, u16, u16, Child)> = OnceLock::new();
        let (folder, starttls_port, tls_port, _) = PROCESS.get_or_init(|| {
            let folder = place();
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/smtp_server.py");
            let mut process = Tools::get()
                .command("python")
                .args([script.as_path(), folder.as_path()])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("python starts");
            let output = process.stdout.take().expect("its output is piped");
            let mut ports = String::new();
            BufReader::new(output).read_line(&mut ports).expect("the server says its ports");
            let (starttls_port, tls_port) = ports.trim().split_once(' ').expect("it starts");
            let [starttls_port, tls_port] =
                [starttls_port, tls_port].map(|port| port.parse().expect("a port is a number"));
            say(&format!("Started aiosmtpd for the tests on ports {starttls_port} and {tls_port}"));
            (folder, starttls_port, tls_port, process)
        });
        let domain = format!("{}.example", Uuid::now_v7());
        Self {
            authority: folder.join("ca.pem"),
            starttls_port: *starttls_port,
            tls_port: *tls_port,
            folder: folder.join(&domain),
            domain,
        }
    }

    /// A mailer that trusts the server.
    fn mailer(&self, before: &str, after: &str) -> Smtp {
        let url = self.url(before, after);
        Smtp::new(&url, FROM, self.authority.to_str()).expect("the address is one")
    }

    fn url(&self, before: &str, after: &str) -> String {
        let from_the_start = before.starts_with("smtps:");
        let port = if from_the_start { self.tls_port } else { self.starttls_port };
        format!("{before}127.0.0.1:{port}{after}")
    }

    fn letter_to(&self, user: &str) -> Letter {
        Letter { to: format!("{user}@{}", self.domain), ..letter() }
    }
}

fn letter() -> Letter {
    Letter {
        message_id: "report-1.owner@takings.example".to_owned(),
        to: "owner@shop.example".to_owned(),
        subject: "Your week".to_owned(),
        html: "<p>1 234 €</p><img src=\"cid:chart\" alt=\"Revenue by day\">".to_owned(),
        text: "1 234 €\n".to_owned(),
        inline: vec![Inline {
            content_id: "chart".to_owned(),
            media_type: "image/png".to_owned(),
            bytes: vec![0x89; 5000],
        }],
        unsubscribe_url: Some("https://takings.example/unsubscribe?token=abc".to_owned()),
    }
}

/// A new folder.
fn place() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mail-{}", Uuid::now_v7()));
    fs::create_dir_all(&place).expect("the target folder can be written");
    place
}

/// The letters in a folder, in the order of their names; none where there is no folder.
fn letters(place: &Path) -> Vec<String> {
    let paths = fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut letters: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "eml")).collect();
    letters.sort();
    letters.iter().map(|path| fs::read_to_string(path).expect("a letter is text")).collect()
}

/// A letter without what differs from try to try: its date and the marks between its parts.
fn essence(letter: &str) -> String {
    let marks: Vec<&str> =
        letter.split("boundary=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let letter = marks.iter().fold(letter.to_owned(), |letter, mark| letter.replace(mark, "MARK"));
    let lines = letter.lines().filter(|line| !line.starts_with("Date: "));
    lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}
