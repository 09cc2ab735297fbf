//! The caller of an operation.

use std::net::IpAddr;

use crate::accounts::devices::DeviceToken;

/// From where somebody asks: for the audit trail, the limits and the usage of keys.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    pub address: Option<IpAddr>,
    /// The device cookie that the browser sent.
    pub device: Option<DeviceToken>,
}
