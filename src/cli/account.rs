use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use secrecy::ExposeSecret as _;

use super::print;
use crate::app::{catalog, open_store, policy, texts};
use crate::config::Source;
use crate::domain::PersonId;
use crate::web;

/// Shorter passwords are refused (NIST SP 800-63B asks for at least 8; for what this guards we ask for 12).
const SHORTEST: usize = 12;

#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Give a person of the policy a password, or a new one. The password is read from standard input.
    Add {
        /// The person, by the name in the policy.
        person: String,
    },
}

pub(super) async fn account(source: &Source, command: AccountCommand) -> Result<ExitCode> {
    let AccountCommand::Add { person } = command;
    let texts = texts(source)?;
    let policy = policy(&texts, &catalog(&texts)?)?;
    let id = PersonId(person.clone());
    if policy.person(&id).is_none() {
        bail!("`{person}` is not in the policy; add the person to {} first", texts.policy.0);
    }
    if std::io::stdin().is_terminal() {
        print(&format!("Password for {person}, at least {SHORTEST} characters (it is shown as you type):"))?;
    }
    let mut password = String::new();
    std::io::stdin().read_line(&mut password).context("cannot read the password")?;
    let password = secrecy::SecretString::from(password.trim_end_matches(['\r', '\n']));
    if password.expose_secret().chars().count() < SHORTEST {
        bail!("that password is too short; use at least {SHORTEST} characters");
    }
    crate::app::private_dir(&source.data_dir()).context("the data directory cannot be written")?;
    let store = open_store(source).await?;
    store.put_account(&id, &web::hash_password(&password)?).await?;
    print(&format!("{person} can sign in."))?;
    Ok(ExitCode::SUCCESS)
}
