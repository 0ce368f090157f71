//! Another master key: everything that is sealed is sealed again, while processes that have both keys
//! serve.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use uuid::Uuid;

use crate::audit::Actor;
use crate::key_file::CHECK;
use crate::master_key::{MasterKeys, NotSealed};
use crate::store::{Organization, OwnedTokenKey, SealedSecrets, SealedTokenKey, Setting, Store};

/// How many organizations are read at a time.
const PART: u32 = 1000;

/// Seals with the first key what is sealed with another one, and returns how many secrets that were.
///
/// From its start to its end no process starts that does not have both keys.
pub(crate) async fn run(store: &Store, keys: &MasterKeys, actor: &Actor) -> anyhow::Result<usize> {
    let check = store.setting(Setting::MasterKeyCheck).await?;
    let check = check.context(
        "the database does not return the check of the master key that was just written to it",
    )?;
    let is_first = keys.is_sealed_with_first(Uuid::nil(), &check);
    let is_begun = store
        .setting(Setting::RetiringMasterKeyCheck)
        .await?
        .is_some();
    if is_begun && !is_first {
        bail!(
            "a rotation to another master key did not come to its end: give that key first, and run \
             `rotate-master-key` again"
        );
    }
    if !is_first {
        let new = keys.seal(Uuid::nil(), CHECK)?;
        store.begin_master_key_rotation(&new, &check, actor).await?;
    }
    let mut resealed = 0;
    loop {
        let pass = pass(store, keys).await?;
        resealed += pass.resealed;
        if !pass.unopened.is_empty() {
            let unopened: Vec<_> = pass.unopened.iter().map(Uuid::to_string).collect();
            bail!(
                "secrets sealed with the new master key: {resealed}; but those of these organizations \
                 open with none of the keys given: {}. Give their key as well, or rotate their \
                 secrets and replace their token keys, and run `rotate-master-key` again",
                unopened.join(", ")
            );
        }
        // An organization's secret may have been rotated at the same time, or a key made.
        if pass.found == 0 {
            break;
        }
    }
    store.remove(Setting::RetiringMasterKeyCheck).await?;
    if is_first && !is_begun && resealed == 0 {
        bail!(
            "nothing to do: everything is sealed with the first master key that was given. To rotate, \
             give the new key first and the old one behind it"
        );
    }
    Ok(resealed)
}

/// What one look at every organization came to.
#[derive(Default)]
struct Pass {
    /// Organizations with a secret that is not sealed with the first key, and token keys that are not.
    found: usize,
    resealed: usize,
    unopened: BTreeSet<Uuid>,
}

async fn pass(store: &Store, keys: &MasterKeys) -> anyhow::Result<Pass> {
    let mut pass = Pass::default();
    let mut after = None;
    loop {
        let part = store.organizations(after, PART).await?;
        let Some(last) = part.last() else {
            break;
        };
        after = Some(last.id);
        for organization in part {
            pass.reseal(store, keys, &organization).await?;
        }
    }
    let mut after = None;
    loop {
        let part = store.sealed_token_keys(after.as_ref(), PART).await?;
        for key in &part {
            pass.reseal_token_key(store, keys, key).await?;
        }
        after = part.into_iter().last();
        if after.is_none() {
            return Ok(pass);
        }
    }
}

impl Pass {
    async fn reseal(
        &mut self,
        store: &Store,
        keys: &MasterKeys,
        organization: &Organization,
    ) -> anyhow::Result<()> {
        let Organization { id, secrets, .. } = organization;
        let sealed = [Some(&secrets.current), secrets.previous.as_ref()];
        let is_other = |sealed: &&Vec<u8>| !keys.is_sealed_with_first(*id, sealed);
        let others = sealed.into_iter().flatten().filter(is_other).count();
        if others == 0 {
            return Ok(());
        }
        let reseal = |sealed: &Vec<u8>| -> Result<Option<Vec<u8>>, NotSealed> {
            let opened = keys.open(*id, sealed).ok();
            opened.map(|secret| keys.seal(*id, &secret)).transpose()
        };
        let current = reseal(&secrets.current)?;
        let previous = secrets.previous.as_ref().map(reseal).transpose()?;
        let (Some(current), None | Some(Some(_))) = (current, &previous) else {
            self.unopened.insert(*id);
            return Ok(());
        };
        let resealed = SealedSecrets {
            current,
            previous: previous.flatten(),
        };
        self.found += 1;
        if store.reseal_secrets(*id, secrets, &resealed).await? {
            self.resealed += others;
        }
        Ok(())
    }

    async fn reseal_token_key(
        &mut self,
        store: &Store,
        keys: &MasterKeys,
        token_key: &OwnedTokenKey,
    ) -> anyhow::Result<()> {
        let OwnedTokenKey {
            organization_id,
            key: SealedTokenKey { kid, sealed },
        } = token_key;
        let owner = (*organization_id, kid.as_str());
        if keys.is_sealed_with_first(owner, sealed) {
            return Ok(());
        }
        let Ok(text) = keys.open(owner, sealed) else {
            self.unopened.insert(*organization_id);
            return Ok(());
        };
        self.found += 1;
        let resealed = keys.seal(owner, &text)?;
        if store.reseal_token_key(token_key, &resealed).await? {
            self.resealed += 1;
        }
        Ok(())
    }
}
