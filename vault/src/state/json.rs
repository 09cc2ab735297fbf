//! The forms of values in JSON, for the change log: access keys as they are written, digests in hexadecimal.

pub mod access_key {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use shared::token::AccessKey;

    pub fn serialize<S: Serializer>(key: &AccessKey, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(key)
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<AccessKey, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|_| D::Error::custom("this is no access key"))
    }
}

pub mod digest {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::crypto::pepper::Digest;
    use crate::crypto::random::{from_hex, hex};

    pub fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(digest))
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        from_hex(&text).ok_or_else(|| D::Error::custom("this is no digest"))
    }
}
