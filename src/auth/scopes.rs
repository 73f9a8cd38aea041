//! What the token of a partner client may be used for.

use crate::terms::term;

term! {
    /// What the tokens of a partner client may be used for.
    ClientScope {
        /// Queries.
        Read = "READ" "查询",
        /// Following changes.
        Changes = "CHANGES" "接收变更",
        /// Mutations, as far as its role permits them.
        Write = "WRITE" "变更",
    }
}

impl ClientScope {
    pub const ALL: [ClientScope; 3] = [ClientScope::Read, ClientScope::Changes, ClientScope::Write];

    /// The scope that a code names.
    pub fn parse(code: &str) -> Option<ClientScope> {
        ClientScope::ALL.into_iter().find(|scope| scope.code() == code)
    }

    /// Scopes as OAuth writes them: small letters, a space between.
    pub fn join(scopes: &[ClientScope]) -> String {
        scopes.iter().map(|scope| scope.code().to_lowercase()).collect::<Vec<_>>().join(" ")
    }

    /// The scopes of such a text; nothing where one is unknown.
    pub fn split(text: &str) -> Option<Vec<ClientScope>> {
        text.split_ascii_whitespace()
            .map(|scope| ClientScope::parse(&scope.to_uppercase()).filter(|known| known.code().to_lowercase() == scope))
            .collect()
    }
}
