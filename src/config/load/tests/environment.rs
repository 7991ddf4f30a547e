//! What the surroundings bring: variables of others, files of other systems, and several mistakes at once.

use super::*;

#[test]
fn everything_that_is_wrong_is_reported_at_once() {
    let text = "[server]\nlisen = \"x\"\n[clock]\nstart = \"yesterday\"\nspeed = 2\n[sources.nbk]\ninterval = 15\n";
    let variables = [("SILKRATE_WEB__LISTEN", "8080"), ("SILKRATE_PORT", "8080")];
    let errors = with(text, &variables).unwrap_err();
    let lines: Vec<String> = errors.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), errors.iter().count());
    let expected = [
        "`server.lisen`",
        "`SILKRATE_PORT`",
        "`web.listen`",
        "`clock.start`",
        "`sources.nbk.interval`",
    ];
    assert_eq!(lines.len(), expected.len(), "{errors}");
    for (line, key) in lines.iter().zip(expected) {
        assert!(line.starts_with(key), "{line}");
    }
}

#[test]
fn the_variables_of_a_kubernetes_service_are_ignored_and_named() {
    let config = from_variable("SILKRATE_WEB_PORT", "tcp://10.96.0.10:8080").unwrap();
    assert_eq!(config.ignored_variables, ["SILKRATE_WEB_PORT"]);
    assert!(from_variable("SILKRATE_WEB_PORT", "8080").is_err());
}

#[test]
fn the_proxies_of_the_environment_are_used_unless_a_setting_says_otherwise() {
    let proxies = |text: &str, variables: &[(&str, &str)]| {
        let config = with(text, variables).map_err(|errors| errors.to_string())?;
        Ok::<_, String>((config.http.proxy, config.sources[1].proxy.clone()))
    };
    let variables = [
        ("https_proxy", "http://me:s3cret@proxy.example:3128"),
        ("NO_PROXY", "nbt.tj"),
    ];
    let (proxy, of_source) = proxies("", &variables).unwrap();
    let Proxy::Environment(read) = &proxy else {
        panic!("{proxy:?}");
    };
    assert_eq!(
        read.https.as_ref().unwrap().to_string(),
        "http://proxy.example:3128"
    );
    assert_eq!(read.no_proxy, "nbt.tj");
    assert_eq!(of_source, None);
    let (_, of_source) = proxies("[sources.nbk]\nproxy = \"env\"\n", &variables).unwrap();
    assert_eq!(of_source.as_ref(), Some(&proxy));

    let unusable = [("HTTPS_PROXY", "socks5://me:s3cret@proxy.example")];
    let error = proxies("", &unusable).unwrap_err();
    assert!(
        error.starts_with("`http.proxy` (the variable HTTPS_PROXY): it is not a usable proxy"),
        "{error}"
    );
    assert!(!error.contains("s3cret"), "{error}");
    let none = proxies("[http]\nproxy = \"none\"\n", &unusable).unwrap();
    assert_eq!(none, (Proxy::Direct, None));
}

#[test]
fn a_key_file_of_windows_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let utf16: Vec<u8> = "\u{feff}s3cret\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for content in [
        "\u{feff}s3cret\r\n".as_bytes(),
        b"\r\n\r\ns3cret\r\n\r\n",
        b"s3cret",
        &utf16,
    ] {
        fs::write(&path, content).unwrap();
        assert_eq!(ApiKey::read(&path).unwrap().expose(), "s3cret");
    }
    for wrong in [&b"\xef\xbb\xbf\r\n"[..], b"s3cret\nother", b"\xff\xff\xff"] {
        fs::write(&path, wrong).unwrap();
        assert!(ApiKey::read(&path).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_file_with_a_byte_order_mark_is_read() {
    let config = from_file("\u{feff}[sources.nbk]\r\ninterval = \"5m\"\r\n").unwrap();
    assert_eq!(config.sources[1].interval, Duration::from_secs(300));
    assert_eq!(
        refusal("\u{feff}[sources.nbk]\r\n\r\nintervall = \"5m\"\r\n"),
        "`sources.nbk.intervall` (silkrate.toml, line 3) is not a setting; did you mean `sources.nbk.interval`?"
    );
}
