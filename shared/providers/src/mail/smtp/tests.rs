use std::future::pending;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Patience, Smtp};
use crate::mail::{Inline, Letter, MailError, MailerSetupError};

const FROM: &str = "reports@takings.example";

/// What a server does when it is its turn.
#[derive(Clone, Copy)]
enum Turn {
    Say(&'static str),
    HangUp,
    Stall,
    HangUpUnheard,
    StallUnheard,
}

use Turn::{HangUp, HangUpUnheard, Say, Stall, StallUnheard};

/// A server that takes a letter: greeting, EHLO, MAIL, RCPT, DATA, the letter.
const KIND: [Turn; 6] =
    [Say("220 hi"), Say("250 hi"), Say("250 ok"), Say("250 ok"), Say("354 go"), Say("250 ok")];

#[tokio::test]
async fn a_letter_is_sent_when_the_server_says_so_even_if_it_then_hangs_up() {
    assert!(send_to(&KIND, b"Hello").await.is_ok());
}

#[tokio::test]
async fn before_the_letter_is_out_only_a_refusal_of_it_is_final() {
    for step in 0..6 {
        let outcome = send_to(&unkind_at(step, Say("421 later")), b"Hello").await;
        assert!(matches!(outcome, Err(MailError::NotAccepted(_))), "4xx at {step}: {outcome:?}");
    }
    for step in 0..2 {
        let outcome = send_to(&unkind_at(step, Say("554 not here")), b"Hello").await;
        assert!(matches!(outcome, Err(MailError::NotAccepted(_))), "5xx at {step}: {outcome:?}");
    }
    for step in 2..6 {
        let outcome = send_to(&unkind_at(step, Say("550 no")), b"Hello").await;
        assert!(matches!(outcome, Err(MailError::Refused(_))), "5xx at {step}: {outcome:?}");
    }
    for turn in [HangUp, Stall, Say("nonsense")] {
        for step in 0..5 {
            let outcome = send_to(&unkind_at(step, turn), b"Hello").await;
            assert!(matches!(outcome, Err(MailError::NotAccepted(_))), "at {step}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn once_the_letter_is_out_no_answer_means_that_nobody_knows() {
    for turn in [HangUp, Stall, Say("nonsense"), Say("354 go on")] {
        let outcome = send_to(&unkind_at(5, turn), b"Hello").await;
        assert!(matches!(outcome, Err(MailError::Unknown(_))), "{outcome:?}");
    }
}

/// A server that stops reading the letter cannot have accepted it.
#[tokio::test]
async fn a_letter_that_got_stuck_halfway_was_surely_not_accepted() {
    // More than the buffers between two sockets hold.
    let long = vec![0; 12 << 20];
    for turn in [HangUpUnheard, StallUnheard] {
        let outcome = send_to(&unkind_at(5, turn), &long).await;
        assert!(matches!(outcome, Err(MailError::NotAccepted(_))), "{outcome:?}");
    }
}

#[tokio::test]
async fn no_server_means_not_accepted() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let smtp = mailer(&listener);
    drop(listener);
    let outcome = smtp.send(&letter(b"Hello")).await;
    assert!(matches!(outcome, Err(MailError::NotAccepted(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_offers_no_encryption_gets_neither_letter_nor_password() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let urls = [
        format!("smtp://{address}"),
        format!("smtp://{address}?tls=required"),
        format!("smtp://user:secret@{address}?tls=opportunistic"),
    ];
    for url in urls {
        let (smtp, letter) = (Smtp::new(&url, FROM, None).unwrap(), letter(b"Hello"));
        let outcome = tokio::select! {
            outcome = smtp.send(&letter) => outcome,
            () = serve(&listener, &KIND) => unreachable!("the server does not end"),
        };
        assert!(matches!(outcome, Err(MailError::NotAccepted(_))), "{url}: {outcome:?}");
    }
}

#[test]
fn addresses_that_mean_nothing_are_refused_at_once_and_never_repeat_the_password() {
    for url in ["", "host", "smtp:", "http://host", "smtp://host?tls=maybe", "smtp://user@host"] {
        assert!(Smtp::new(url, FROM, None).is_err(), "{url}");
    }
    let Err(error) = Smtp::new("smtps://user:secret@host?tls=none", FROM, None) else {
        panic!("smtps without TLS");
    };
    assert!(!format!("{error} {error:?}").contains("secret"));
    assert!(Smtp::new("smtps://us%40er:p%3Aw@mail.example", FROM, None).is_ok());
    assert!(Smtp::new("smtp://[::1]:2525?tls=none", FROM, None).is_ok());
    assert!(matches!(
        Smtp::new("smtps://mail.example", "reports@takings.example\r\nBcc: x@y", None),
        Err(MailerSetupError::From(_))
    ));
    assert!(matches!(
        Smtp::new("smtps://mail.example", FROM, Some("/nowhere/ca.pem")),
        Err(MailerSetupError::CaFile { .. })
    ));
}

fn unkind_at(step: usize, turn: Turn) -> Vec<Turn> {
    let mut turns = KIND[..step].to_vec();
    turns.push(turn);
    turns
}

async fn send_to(turns: &[Turn], picture: &[u8]) -> Result<(), MailError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (smtp, letter) = (mailer(&listener), letter(picture));
    tokio::select! {
        outcome = smtp.send(&letter) => outcome,
        () = serve(&listener, turns) => unreachable!("the server does not end"),
    }
}

fn mailer(listener: &TcpListener) -> Smtp {
    let url = format!("smtp://{}?tls=none", listener.local_addr().unwrap());
    let mut smtp = Smtp::new(&url, FROM, None).unwrap();
    let short = Duration::from_millis(300);
    smtp.patience = Patience { session: short, envelope: short, content: short, goodbye: short };
    smtp
}

fn letter(picture: &[u8]) -> Letter {
    Letter {
        message_id: "a1".to_owned(),
        to: "owner@shop.example".to_owned(),
        subject: "Sales".to_owned(),
        html: "<p>Hello</p>".to_owned(),
        text: "Hello".to_owned(),
        inline: vec![Inline {
            content_id: "chart".to_owned(),
            media_type: "image/png".to_owned(),
            bytes: picture.to_vec(),
        }],
        unsubscribe_url: None,
    }
}

async fn serve(listener: &TcpListener, turns: &[Turn]) {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    for (step, turn) in turns.iter().enumerate() {
        match turn {
            HangUpUnheard => break,
            StallUnheard => return pending().await,
            _ => hear(&mut stream, step).await,
        }
        match turn {
            Say(reply) => {
                let _ = stream.write_all(format!("{reply}\r\n").as_bytes()).await;
            }
            Stall => return pending().await,
            _ => break,
        }
    }
    drop(stream);
    pending().await
}

/// Nobody speaks before the greeting; a command is a line; the letter ends with a lone dot.
async fn hear(stream: &mut BufReader<TcpStream>, step: usize) {
    let mut line = String::new();
    while step > 0 && stream.read_line(&mut line).await.unwrap() > 0 {
        if step < 5 || line == ".\r\n" {
            return;
        }
        line.clear();
    }
}
