//! Making users whose passwords were hashed elsewhere.

use axum::response::Response;
use serde_json::{Value, json};

use super::create::store;
use crate::error::{Error, Kind, Result};
use crate::hashing::{self, Options, ShaVersion};
use crate::http::access::{Access, scope};
use crate::http::new_user::Draft;
use crate::http::params::Params;
use crate::params::{CustomId, Email, FromParams, HashText, Integer, Param, Reader, Reason, Text};

/// Parameters of the import endpoints: those that all have, and between them what `O` adds.
pub(super) struct Import<O> {
    id: CustomId,
    email: Email,
    password: HashText,
    options: O,
    name: Option<Text<1, 128>>,
}

impl<O: FromParams> FromParams for Import<O> {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            id: reader.required("userId")?,
            email: reader.required("email")?,
            password: reader.required("password")?,
            options: O::from_params(reader)?,
            name: reader.optional("name")?,
        })
    }
}

/// No further parameters.
pub(super) struct Plain;

impl FromParams for Plain {
    fn from_params(_: &mut Reader<'_>) -> Result<Self> {
        Ok(Self)
    }
}

/// Further parameters of `POST /v1/users/sha`.
pub(super) struct Sha(Option<Version>);

struct Version(ShaVersion);

impl Param for Version {
    fn schema() -> Value {
        json!({ "type": "string", "enum": ShaVersion::ALL.map(ShaVersion::as_str), "examples": ["sha256"] })
    }

    fn parse(value: &Value) -> Result<Self, Reason> {
        let version = Text::<1, 128>::parse(value)?;
        ShaVersion::parse(&version.0).map(Self).ok_or_else(|| {
            "must be one of sha1, sha224, sha256, sha384, sha512/224, sha512/256, sha512, sha3-224, sha3-256, sha3-384, sha3-512.".into()
        })
    }
}

impl FromParams for Sha {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        reader.optional("passwordVersion").map(Self)
    }
}

/// Further parameters of `POST /v1/users/scrypt`.
pub(super) struct Scrypt {
    salt: Text<1, 128>,
    cpu: Integer,
    memory: Integer,
    parallel: Integer,
    length: Integer,
}

impl FromParams for Scrypt {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            salt: reader.required("passwordSalt")?,
            cpu: reader.required("passwordCpu")?,
            memory: reader.required("passwordMemory")?,
            parallel: reader.required("passwordParallel")?,
            length: reader.required("passwordLength")?,
        })
    }
}

/// Further parameters of `POST /v1/users/scrypt-modified`.
pub(super) struct ScryptModified {
    salt: Text<1, 128>,
    separator: Text<1, 128>,
    signer_key: Text<1, 128>,
}

impl FromParams for ScryptModified {
    fn from_params(reader: &mut Reader<'_>) -> Result<Self> {
        Ok(Self {
            salt: reader.required("passwordSalt")?,
            separator: reader.required("passwordSaltSeparator")?,
            signer_key: reader.required("passwordSignerKey")?,
        })
    }
}

type Write = Access<scope::UsersWrite>;

/// `POST /v1/users/argon2`
pub(super) async fn argon2(access: Write, Params(new): Params<Import<Plain>>) -> Result<Response> {
    import(access, new, |_| Options::Argon2).await
}

/// `POST /v1/users/bcrypt`
pub(super) async fn bcrypt(access: Write, Params(new): Params<Import<Plain>>) -> Result<Response> {
    import(access, new, |_| Options::Bcrypt).await
}

/// `POST /v1/users/md5`
pub(super) async fn md5(access: Write, Params(new): Params<Import<Plain>>) -> Result<Response> {
    import(access, new, |_| Options::Md5).await
}

/// `POST /v1/users/phpass`
pub(super) async fn phpass(access: Write, Params(new): Params<Import<Plain>>) -> Result<Response> {
    import(access, new, |_| Options::Phpass).await
}

/// `POST /v1/users/sha`
pub(super) async fn sha(access: Write, Params(new): Params<Import<Sha>>) -> Result<Response> {
    import(access, new, |sha| Options::Sha { version: sha.0.map(|version| version.0) }).await
}

/// `POST /v1/users/scrypt`
pub(super) async fn scrypt(access: Write, Params(new): Params<Import<Scrypt>>) -> Result<Response> {
    import(access, new, |scrypt| Options::Scrypt {
        salt: scrypt.salt.0,
        cpu: scrypt.cpu.0,
        memory: scrypt.memory.0,
        parallel: scrypt.parallel.0,
        length: scrypt.length.0,
    })
    .await
}

/// `POST /v1/users/scrypt-modified`
pub(super) async fn scrypt_modified(access: Write, Params(new): Params<Import<ScryptModified>>) -> Result<Response> {
    import(access, new, |scrypt| Options::ScryptMod {
        salt: scrypt.salt.0,
        separator: scrypt.separator.0,
        signer_key: scrypt.signer_key.0,
    })
    .await
}

async fn import<O>(access: Write, new: Import<O>, options: impl FnOnce(O) -> Options) -> Result<Response> {
    let lenient = access.app().config.lenient_import;
    let stored = hashing::import(new.password.0.0, options(new.options), lenient).map_err(|refused| {
        let (field, reason) = (refused.field, refused.reason);
        Error::new(Kind::ArgumentInvalid, format!("Invalid `{field}` param: {reason}"))
    })?;
    let draft = Draft {
        id: new.id,
        email: Some(new.email.0),
        phone: None,
        name: new.name.map(|name| name.0).unwrap_or_default(),
    };
    let draft = draft.named(&access, Some(&stored.text))?;
    store(&access, draft.with_password(&access, Some(stored))).await
}
