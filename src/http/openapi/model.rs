//! What is answered when all is well: the models, by the names that clients know them by.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use crate::http::list::Shown;
use crate::http::{health, view};
use crate::store;

macro_rules! models {
    ($($model:ident $name:literal $schema:expr;)*) => {
        /// An answer.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(in crate::http) enum Model {
            /// Without a body.
            Nothing,
            /// Plain text.
            Text,
            $(#[doc = $name] $model,)*
        }

        impl Model {
            /// Those with a JSON body.
            pub(super) const ALL: &[Self] = &[$(Self::$model),*];

            /// The name in the description; none without a JSON body.
            pub(super) const fn name(self) -> Option<&'static str> {
                match self {
                    Self::Nothing | Self::Text => None,
                    $(Self::$model => Some($name),)*
                }
            }

            /// What its JSON looks like.
            pub(super) fn schema(self, generator: &mut SchemaGenerator) -> Value {
                match self {
                    Self::Nothing | Self::Text => Value::Null,
                    $(Self::$model => ($schema)(generator),)*
                }
            }
        }
    };
}

models! {
    User "user" of::<view::User<'_>>;
    UserList "userList" list::<store::users::User>;
    Preferences "preferences" |_: &mut _| json!({ "type": "object", "description": "Any JSON object." });
    Session "session" of::<view::Session<'_>>;
    SessionList "sessionList" of::<view::SessionList<'_>>;
    Identity "identity" of::<view::Identity<'_>>;
    IdentityList "identityList" list::<store::identities::Identity>;
    Membership "membership" of::<view::Membership<'_>>;
    MembershipList "membershipList" list::<store::memberships::Membership>;
    Target "target" of::<view::Target<'_>>;
    TargetList "targetList" list::<store::targets::Target>;
    Log "log" of::<view::Log<'_>>;
    LogList "logList" list::<store::logs::Log>;
    Token "token" of::<view::Token<'_>>;
    Jwt "jwt" of::<view::Jwt>;
    Passkey "passkey" of::<view::Passkey<'_>>;
    PasskeyList "passkeyList" list::<store::passkeys::Passkey>;
    MfaFactors "mfaFactors" of::<view::Factors>;
    MfaRecoveryCodes "mfaRecoveryCodes" of::<view::RecoveryCodes>;
    MfaChallengeSecret "mfaChallengeSecret" of::<view::ChallengeSecret<'_>>;
    Usage "usageUsers" of::<view::Usage>;
    Status "status" of::<health::Status>;
    Health "healthStatus" of::<health::Health>;
    Version "healthVersion" of::<health::Version>;
}

/// The schema of a type. Types inside it that have a name of their own are referred to by it.
fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    T::json_schema(generator).to_value()
}

/// The schema of a list of rows.
fn list<R: Shown>(generator: &mut SchemaGenerator) -> Value {
    let row = generator.subschema_for::<R::Model>();
    json!({
        "type": "object",
        "properties": {
            "total": { "type": "integer", "minimum": 0, "description": "How many match; 0 with `total=false`." },
            R::PLURAL: { "type": "array", "items": row, "description": "Those of this page." },
        },
        "required": ["total", R::PLURAL],
    })
}
