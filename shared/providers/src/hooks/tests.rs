use super::{Courier, Envelope, NotAllowed, Reach, Resolver, Undelivered, is_public};
use hyper_util::client::legacy::connect::dns::Name;
use jiff::Timestamp;
use tower::Service as _;

#[test]
fn only_addresses_of_the_public_internet_are_public() {
    for inside in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:10::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(inside.parse().unwrap()), "{inside}");
    }
    for outside in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.255.255",
        "172.32.0.1",
        "192.0.1.1",
        "192.167.1.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2001:4860:4860::8888",
        "2a00:1450::1",
    ] {
        assert!(is_public(outside.parse().unwrap()), "{outside}");
    }
}

#[test]
fn an_address_that_leads_inside_is_refused_however_it_is_written() {
    let public = Courier::new(Reach::Public, None);
    for (url, fault) in [
        ("https://127.0.0.1/", NotAllowed::Address),
        ("https://127.1/", NotAllowed::Address),
        ("https://0x7f.1/", NotAllowed::Address),
        ("https://2130706433/", NotAllowed::Address),
        ("https://017700000001/", NotAllowed::Address),
        ("https://127.0.0.1:9001/", NotAllowed::Address),
        ("https://[::1]/", NotAllowed::Address),
        ("https://[::ffff:10.0.0.1]/", NotAllowed::Address),
        ("https://[fd00:ec2::254]/", NotAllowed::Address),
        ("https://169.254.169.254/latest/meta-data/", NotAllowed::Address),
        ("https://localhost/", NotAllowed::Address),
        ("https://LOCALHOST/", NotAllowed::Address),
        ("https://shop.example:22/", NotAllowed::Port),
        ("https://shop.example:80/", NotAllowed::Port),
        ("http://shop.example/", NotAllowed::NotHttps),
        ("http://localhost/", NotAllowed::NotHttps),
        ("ftp://shop.example/", NotAllowed::NotHttps),
        ("file:///etc/passwd", NotAllowed::Malformed),
        ("https://ann@shop.example/", NotAllowed::User),
        ("https://:secret@shop.example/", NotAllowed::User),
        ("shop.example", NotAllowed::Malformed),
        ("https://", NotAllowed::Malformed),
        ("", NotAllowed::Malformed),
    ] {
        assert_eq!(public.check(url), Err(fault), "{url}");
    }
    for url in ["https://shop.example/a?b=c", "https://shop.example:8443/", "https://8.8.8.8/"] {
        assert_eq!(public.check(url), Ok(()), "{url}");
    }
    let local = Courier::new(Reach::LocalToo, None);
    for url in ["http://localhost:4000/", "http://127.0.0.1:4000/", "https://[::1]:4000/"] {
        assert_eq!(local.check(url), Ok(()), "{url}");
    }
    for url in ["https://10.0.0.1/", "https://169.254.169.254/", "https://192.168.0.1/"] {
        assert_eq!(local.check(url), Err(NotAllowed::Address), "{url}");
    }
    assert_eq!(local.check("http://shop.example/"), Err(NotAllowed::NotHttps));
}

#[tokio::test]
async fn a_name_that_leads_inside_gives_no_address_away() {
    let resolve = async |reach| Resolver(reach).call("localhost".parse::<Name>().unwrap()).await;
    let refused = resolve(Reach::Public).await.map(drop).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
    assert!(resolve(Reach::LocalToo).await.unwrap().all(|found| found.ip().is_loopback()));
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_is_refused() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let url = format!("https://127.0.0.1:{port}/");
    let envelope = Envelope {
        url: &url,
        id: "evt_1",
        at: Timestamp::UNIX_EPOCH,
        signatures: "v1,none",
        body: "{}",
    };
    let answer = Courier::new(Reach::Public, None).post(&envelope).await;
    assert!(matches!(answer, Err(Undelivered::NotAllowed(NotAllowed::Address))), "{answer:?}");
    let heard = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept());
    assert!(heard.await.is_err(), "somebody connected");
}
