use crate::access::Role;

/// Why somebody may not change a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Owners are made and unmade by owners.
    #[error("only an owner makes or changes owners")]
    OwnersOnly,
    /// A team has an owner.
    #[error("the last owner stays: make another owner first")]
    LastOwner,
}

/// What is to become of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// They are asked in as this.
    Invite(Role),
    /// From one role to another.
    Role(Role, Role),
    /// Somebody of this role goes.
    Remove(Role),
}

/// Whether somebody of a role may change a team so. That an owner stays is for the transaction to
/// say, which holds the others off.
///
/// # Errors
/// [`Denied::OwnersOnly`].
pub fn decide(actor: Role, change: Change) -> Result<(), Denied> {
    let concerns_owners = match change {
        Change::Invite(role) | Change::Remove(role) => role == Role::Owner,
        Change::Role(from, to) => from == Role::Owner || to == Role::Owner,
    };
    if concerns_owners && actor != Role::Owner { Err(Denied::OwnersOnly) } else { Ok(()) }
}

/// How long an invitation is good.
pub const INVITATION_DAYS: i64 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_owners_make_and_unmake_owners() {
        let (owner, admin, editor) = (Role::Owner, Role::Admin, Role::Editor);
        for change in [
            Change::Invite(owner),
            Change::Role(owner, editor),
            Change::Role(editor, owner),
            Change::Remove(owner),
        ] {
            assert_eq!(decide(admin, change), Err(Denied::OwnersOnly), "{change:?}");
            assert_eq!(decide(owner, change), Ok(()), "{change:?}");
        }
        for change in [Change::Invite(admin), Change::Role(admin, editor), Change::Remove(admin)] {
            assert_eq!(decide(admin, change), Ok(()), "{change:?}");
        }
    }
}
