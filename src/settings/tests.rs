use super::*;

fn read(pairs: &[(&str, &str)]) -> Result<Settings, BadSetting> {
    let variable =
        |name: &str| pairs.iter().find(|(wanted, _)| *wanted == name).map(|(_, text)| (*text).to_owned());
    Settings::read(&Source::of(variable)?)
}

#[test]
fn nothing_set_gives_the_documented_defaults() {
    let settings = read(&[]).unwrap();

    assert_eq!(settings.listen.to_string(), "127.0.0.1:8484");
    assert_eq!(settings.data_dir, PathBuf::from("./data"));
    assert_eq!(settings.downloads_dir, PathBuf::from("./data/downloads"));
    assert_eq!(settings.api_per_minute.map(NonZeroU32::get), Some(100));
    assert_eq!(settings.downloads_per_hour.map(NonZeroU32::get), Some(5));
    assert_eq!(settings.download_slots, 2);
    assert!(settings.database_url.is_none() && settings.redis_url.is_none());
    assert!(settings.trusted_proxies.is_empty());
    assert_eq!(settings.base, Base::root());
}

#[test]
fn every_wrong_value_is_refused_with_the_name_of_its_key() {
    for (name, text) in [
        ("MEDIANEST_LISTEN", "localhost"),
        ("DATABASE_URL", "mysql://x/y"),
        ("REDIS_URL", "localhost:6379"),
        ("MEDIANEST_PUBLIC_URL", "media.example"),
        ("MEDIANEST_PUBLIC_URL", "ftp://media.example"),
        ("MEDIANEST_PUBLIC_URL", "https://user:word@media.example"),
        ("MEDIANEST_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("MEDIANEST_TRUSTED_PROXIES", "10.0.0.1, nginx"),
        ("MEDIANEST_BASE_PATH", "medianest"),
        ("MEDIANEST_SECRET_KEY", "hunter2"),
        ("MEDIANEST_SECRET_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("MEDIANEST_API_PER_MINUTE", "-1"),
        ("MEDIANEST_DOWNLOADS_PER_HOUR", "five"),
        ("MEDIANEST_DOWNLOAD_SLOTS", "65"),
        ("MEDIANEST_DOWNLOAD_ALLOW_HOSTS", "127.0.0.1"),
        ("MEDIANEST_DOWNLOAD_ALLOW_HOSTS", "127.0.0.1:0"),
        ("MEDIANEST_DOWNLOAD_ONLY_HOSTS", "https://x"),
        ("MEDIANEST_CORS_ORIGINS", "*"),
    ] {
        let message = read(&[(name, text)]).expect_err(text).to_string();
        assert!(message.starts_with(&format!("{name}: ")), "{message}");
    }
}

#[test]
fn a_complaint_about_a_secret_does_not_repeat_it() {
    for name in ["DATABASE_URL", "REDIS_URL", "MEDIANEST_SECRET_KEY"] {
        let message = read(&[(name, "hunter2")]).unwrap_err().to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn a_secret_comes_from_its_file_and_from_only_one_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    std::fs::write(&file, "postgres://ana:geheim@db/medianest\n").unwrap();
    let file = file.to_str().unwrap();

    let settings = read(&[("DATABASE_URL_FILE", file)]).unwrap();
    assert_eq!(settings.database_url.unwrap().expose(), "postgres://ana:geheim@db/medianest");

    let twice = read(&[("DATABASE_URL_FILE", file), ("DATABASE_URL", "postgres://x/y")]).unwrap_err();
    assert!(twice.to_string().contains("DATABASE_URL_FILE"), "{twice}");

    let missing = read(&[("REDIS_URL_FILE", "/nowhere/at/all")]).unwrap_err().to_string();
    assert!(missing.starts_with("REDIS_URL_FILE: could not read /nowhere/at/all"), "{missing}");
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("medianest.toml");
    std::fs::write(
        &file,
        "listen = \"127.0.0.1:1\"\ndownload_slots = 4\ntrusted_proxies = [\"10.0.0.1\", \"::1\"]\n",
    )
    .unwrap();
    let file = file.to_str().unwrap();

    let settings = read(&[("MEDIANEST_CONFIG", file), ("MEDIANEST_LISTEN", "127.0.0.1:2")]).unwrap();

    assert_eq!(settings.listen.port(), 2);
    assert_eq!(settings.download_slots, 4);
    assert_eq!(settings.trusted_proxies.len(), 2);
}

#[test]
fn a_wrong_key_in_the_file_is_named_with_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("medianest.toml");
    for (text, key) in [("lisen = \"x\"", "lisen"), ("listen = \"x\"", "listen"), ("listen = true", "listen")]
    {
        std::fs::write(&file, text).unwrap();
        let message = read(&[("MEDIANEST_CONFIG", file.to_str().unwrap())]).unwrap_err().to_string();
        assert!(message.contains("medianest.toml") && message.contains(key), "{message}");
    }
}

#[test]
fn the_public_address_may_carry_the_base_path_and_must_agree_with_it() {
    let settings = read(&[("MEDIANEST_PUBLIC_URL", "https://Media.Example:443/medianest/")]).unwrap();
    assert_eq!(settings.public_url.as_ref().unwrap().as_str(), "https://media.example");
    assert_eq!(settings.base.as_str(), "/medianest");
    assert!(settings.is_secure());

    let clash = read(&[
        ("MEDIANEST_PUBLIC_URL", "https://media.example/nest"),
        ("MEDIANEST_BASE_PATH", "/medianest"),
    ]);
    assert!(clash.is_err());
}

#[test]
fn a_network_contains_its_addresses_and_no_others() {
    let settings = read(&[("MEDIANEST_TRUSTED_PROXIES", "10.1.0.0/16 192.0.2.7,fd00::/8")]).unwrap();
    for (address, trusted) in [
        ("10.1.255.255", true),
        ("::ffff:10.1.2.3", true),
        ("10.2.0.0", false),
        ("192.0.2.7", true),
        ("192.0.2.8", false),
        ("fd12::1", true),
        ("fe80::1", false),
    ] {
        assert_eq!(settings.trusts(address.parse().unwrap()), trusted, "{address}");
    }
}
