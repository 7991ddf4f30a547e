//! Where relative paths of settings begin.

use super::*;

/// Every setting that is a path, but for the ledger and the list of authorities, which have words beside paths.
const FILES: &str = r#"
[server.tls]
certificate = "pem"
key = "pem"
client_ca = "pem"
[web.tls]
certificate = "pem"
key = "pem"
[admin.tls]
certificate = "pem"
key = "pem"
[access]
keys = "keys.toml"
[store]
path = "data/silkrate.db"
[http]
ca = "pem"
extra_ca = ["pem"]
[sources.nbk]
extra_ca = ["pem"]
[sources.market]
enabled = true
api_key_file = "key"
[shared]
servers = ["https://127.0.0.1:2379"]
ca = "pem"
certificate = "pem"
key = "pem"
user = "edge"
password_file = "key"
[[webhooks]]
name = "desk"
url = "https://desk.example/"
secret_file = "secret"
"#;

/// A folder with a configuration and the files that it names.
fn folder(text: &str) -> tempfile::TempDir {
    let (folder, _path) = written(text);
    let secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for (name, content) in [("pem", "any"), ("key", "s3cret"), ("secret", secret)] {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

#[test]
fn relative_paths_of_a_file_begin_in_its_folder_and_are_printed_whole() {
    let folder = folder(FILES);
    let path = folder.path().join("silkrate.toml");
    let config = load(&CATALOGUE, Some(&path), std::iter::empty()).unwrap();
    assert_eq!(config.access.keys, Some(folder.path().join("keys.toml")));
    let ledger = folder.path().join("data/silkrate.db");
    assert!(matches!(&config.store, Store::File(path) if *path == ledger));
    let printed = print(&config, &CATALOGUE);
    for name in ["pem", "key", "secret", "keys.toml", "data/silkrate.db"] {
        assert!(!printed.contains(&format!("\"{name}\"")), "{printed}");
        let whole = folder.path().join(name).display().to_string();
        assert!(printed.contains(&format!("\"{whole}\"")), "{printed}");
    }
}

#[test]
fn one_folder_has_one_name_whichever_way_a_file_is_named() {
    let folder = folder(FILES);
    fs::create_dir(folder.path().join("below")).unwrap();
    let of = |path: &str| {
        let path = folder.path().join(path);
        print(
            &load(&CATALOGUE, Some(&path), std::iter::empty()).unwrap(),
            &CATALOGUE,
        )
    };
    assert_eq!(of("below/../silkrate.toml"), of("silkrate.toml"));
}

#[test]
fn relative_paths_of_variables_and_of_the_default_begin_in_the_current_folder() {
    let folder = folder("");
    let path = folder.path().join("silkrate.toml");
    let variable = ("SILKRATE_ACCESS__KEYS".to_owned(), "keys.toml".to_owned());
    let config = load(&CATALOGUE, Some(&path), [variable].into_iter()).unwrap();
    assert_eq!(config.access.keys.as_deref(), Some(Path::new("keys.toml")));
    assert!(matches!(&config.store, Store::File(path) if path == Path::new("silkrate.db")));
    let printed = print(&config, &CATALOGUE);
    let here = std::env::current_dir().unwrap();
    for name in ["keys.toml", "silkrate.db"] {
        let whole = here.join(name).display().to_string();
        assert!(printed.contains(&format!("\"{whole}\"")), "{printed}");
    }
}

#[test]
fn the_memory_and_the_words_for_authorities_are_no_files() {
    let text = "[store]\npath = \":memory:\"\n[http]\nca = \"system\"\n";
    let config = from_file(text).unwrap();
    assert!(matches!(config.store, Store::Memory));
    assert_eq!(config.http.ca, CertificateAuthorities::System);
}

#[test]
fn the_printed_defaults_load_to_the_defaults() {
    let config = load(&CATALOGUE, None, std::iter::empty()).unwrap();
    let printed = print(&config, &CATALOGUE);
    assert_eq!(print(&from_file(&printed).unwrap(), &CATALOGUE), printed);
}
