//! The examples of the API reference, by the name of a member or a parameter: one company, one account, one key.

use serde_json::{Value, json};

pub const ACCOUNT: &str = "acc_4f9d1c2b7a60";
pub const EXTERNAL: &str = "ext:org_42";
pub const ACCESS_KEY: &str = "kh_0123456789abcdef";
pub const TOKEN: &str = "tok_8c1f3e5a9b27";

/// Returns the example of a member; none if its type is enough to tell.
pub fn of(name: &str) -> Option<Value> {
    Some(match name {
        "external_id" => json!("org_42"),
        "account_id" => json!(ACCOUNT),
        "access_key" | "subject" => json!(ACCESS_KEY),
        "secret_key" => json!("khs_…"),
        "token" => json!("kho_…"),
        "credential" => json!(format!("{ACCESS_KEY}.khs_…")),
        "name" => json!("Billing service"),
        "description" => json!("Nightly invoices"),
        "notice_emails" => json!(["ops@example.com"]),
        "metadata" => json!({"plan": "team"}),
        "time_zone" => json!("Europe/Berlin"),
        "warning_days" => json!(14),
        "reason" => json!("An unpaid invoice"),
        "expiry" => json!("90d"),
        "scopes" => json!(["accounts:read", "keys:read"]),
        "status" => json!("active"),
        "created_at" | "at" => json!("2026-11-30T09:00:00Z"),
        "expires_at" => json!("2027-02-28T09:00:00Z"),
        "last_used_at" => json!("2026-11-30T11:42:00Z"),
        "code" => json!("valid"),
        "action" => json!("key.created"),
        "detail" => json!("Created"),
        "actor_kind" => json!("token"),
        "actor_id" => json!(TOKEN),
        "request_id" => json!("4be1d0c39f2a"),
        "address" => json!("192.0.2.7"),
        "url" => json!("https://keys.example.com/enter?code=…"),
        "label" => json!("ada@example.com"),
        "capabilities" => json!(["keys.read", "keys.create"]),
        "session_seconds" => json!(3600),
        "page" => json!("/preferences/api-control"),
        "return_url" => json!("https://app.example.com/settings"),
        "code_expires_at" => json!("2026-11-30T09:05:00Z"),
        "actor" => json!("user_7"),
        "email" | "suspended_at" | "suspended_reason" | "expired_at" | "next" => Value::Null,
        _ => return None,
    })
}
