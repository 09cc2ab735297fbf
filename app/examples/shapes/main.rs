//! A test in WASM: the browser's JSON reader reads every shape that the server answers with, in every spelling, and no
//! damaged one.
//!
//! `build/shapes.sh` runs it under node, whose `JSON.parse` is the browser's.

mod damage;
mod samples;

use std::collections::BTreeMap;
use std::fmt::Debug;

use app::client::json;
use app::client::shape::{SHAPES, Shape};
use app::error::FnError;
use serde::Serialize;
use shared::mail::{DeliveryState, LinkPurpose, MailKind};
use shared::notice::Stage;
use shared::status::Status;
use shared::usage::CallerView;
use shared::view::notices::{DeliveredKey, Delivery, LinkView, NoticesView, SecondRecipient};
use shared::view::overview::{Alarms, Dashboard, Line, SnoozedKey, StaggerDay, StaggerPlan};
use shared::view::{
    AccountView, BulkChanged, Change, Changed, Columns, FoundKey, HistoryEntry, IssuedKey,
    KeyDetail, KeyPage, Link, Said, Standing, Which,
};
use wasm_bindgen::prelude::wasm_bindgen;

use samples::{LARGEST, address, calls, counts, failing, key, moment, offer, text};

/// Returns a line for each fault; nothing if every shape is read as it was written.
#[wasm_bindgen]
pub fn check() -> String {
    let mut checked = Checked::default();
    checked.account();
    checked.changed_keys();
    checked.pages_of_keys();
    checked.dashboard();
    checked.notices();
    checked.errors();
    checked.faults.extend(damage::text_faults());
    for shape in SHAPES {
        if !checked.shapes.contains(shape) {
            checked.faults.push(format!("{shape} has no sample"));
        }
    }
    checked.faults.join("\n")
}

#[derive(Default)]
struct Checked {
    shapes: Vec<&'static str>,
    faults: Vec<String>,
}

impl Checked {
    fn reads<T: Shape + Serialize + PartialEq + Debug>(
        &mut self,
        shape: &'static str,
        samples: &[T],
    ) {
        self.shapes.push(shape);
        for sample in samples {
            let text = serde_json::to_string(sample).unwrap_or_default();
            let read: Option<T> = json::read(&text);
            if read.as_ref() != Some(sample) {
                self.faults
                    .push(format!("{shape}: {text} was read as {read:?}"));
            }
        }
        for fault in samples.first().map(damage::faults).into_iter().flatten() {
            self.faults.push(format!("{shape}: {fault}"));
        }
    }

    fn account(&mut self) {
        let account = |back| AccountView {
            email: text("email"),
            name: text("name"),
            back,
            owner: text("owner"),
            time_zone: text("time_zone"),
            warning_days: 14,
            today: text("today"),
        };
        let back = Link {
            href: text("href"),
            text: text("text"),
        };
        self.reads("AccountView", &[account(Some(back)), account(None)]);
        let standing = |notice| Standing { notice };
        let standings = [standing(text("<section>")), standing(String::new())];
        self.reads("Standing", &standings);
        self.reads("String", &[text("sentence"), String::new()]);
        self.reads("AddressView", &[address(None), address(Some("pending"))]);
        let link = |purpose| LinkView {
            purpose,
            address: text("address"),
            account: text("account"),
            owned: true,
        };
        let purposes = [
            LinkPurpose::ConfirmAddress,
            LinkPurpose::ConfirmSecondRecipient,
            LinkPurpose::ChangeAddress,
            LinkPurpose::ResetPassword,
            LinkPurpose::StopNotices,
        ];
        self.reads("LinkView", &purposes.map(link));
    }

    fn changed_keys(&mut self) {
        let changed = |expires| Changed {
            access_key: text("access_key"),
            name: text("name"),
            expiry_before: text("expiry_before"),
            expiry: text("expiry"),
            expires,
            version: text("version"),
            change: text("change"),
            sentence: text("sentence"),
        };
        self.reads("Changed", &[changed(None), changed(Some(moment(1)))]);
        let bulk = BulkChanged {
            count: 59,
            sentence: text("sentence"),
            change: text("change"),
        };
        self.reads("BulkChanged", &[bulk]);
        let said = |change| Said {
            sentence: text("sentence"),
            change,
        };
        self.reads("Said", &[said(None), said(Some(text("change")))]);
        let issued = |expires_at| IssuedKey {
            access_key: text("access_key"),
            secret_key: text("secret_key"),
            name: text("name"),
            expires_at,
            verify_url: text("verify_url"),
            file: text("file"),
            variable: text("variable"),
            version: text("version"),
        };
        self.reads("IssuedKey", &[issued(None), issued(Some(text("at")))]);
    }

    fn pages_of_keys(&mut self) {
        let page = KeyPage {
            now: LARGEST,
            window: 2,
            time_zone: text("time_zone"),
            keys: Status::ALL.map(key).to_vec(),
            counts: counts(),
            page: 3,
            pages: u32::MAX,
            size: 25,
            columns: Columns { created: true },
        };
        let empty = KeyPage {
            keys: Vec::new(),
            ..page.clone()
        };
        self.reads("KeyPage", &[page, empty]);
        let detail = |failing, callers| KeyDetail {
            now: 1,
            window: 2,
            time_zone: text("time_zone"),
            key: key(Status::Expired),
            made_by: text("made_by"),
            offers: vec![offer()],
            expired_by: text("expired_by"),
            failing,
            calls: vec![calls()],
            callers,
            history: vec![HistoryEntry {
                when: moment(3),
                what: text("what"),
                address: text("address"),
                changes: vec![Change {
                    field: text("field"),
                    from: String::new(),
                    to: text("to"),
                }],
                who: text("who"),
            }],
        };
        let caller = CallerView {
            address: text("address"),
            agent: text("agent"),
            seen: moment(4),
            refused: true,
        };
        let details = [
            detail(None, Vec::new()),
            detail(Some(failing()), vec![caller]),
        ];
        self.reads("KeyDetail", &details);
        self.reads("Vec<DayCalls>", &[vec![calls(), calls()], Vec::new()]);
        let found = FoundKey {
            access_key: text("access_key"),
            name: text("name"),
            status: Status::Expired,
        };
        self.reads("Which", &[Which::new(Some(found)), Which::new(None)]);
    }

    fn dashboard(&mut self) {
        let line = |failing| Line {
            key: key(Status::ExpiringSoon),
            failing,
            expired_by: text("expired_by"),
            offers: vec![offer()],
            menu: text("<details class=\"menu\">"),
        };
        let dashboard = Dashboard {
            now: 1,
            window: 2,
            next: Some(3),
            alarms: Alarms {
                failing: 2,
                soon: 4,
                expired: 3,
            },
            tone: text("tone"),
            sentence: text("sentence"),
            attention: vec![line(None), line(Some(failing()))],
            snoozed: vec![SnoozedKey {
                access_key: text("access_key"),
                name: text("name"),
                until: moment(4),
            }],
            waits: true,
            notes: text("<section>"),
            more: text("<a>"),
            put_off: text("<ul>"),
            steps: text("<ol>"),
            rest: text("<p>"),
        };
        let calm = Dashboard {
            next: None,
            attention: Vec::new(),
            waits: false,
            ..dashboard.clone()
        };
        self.reads("Dashboard", &[dashboard, calm]);
        let plan = StaggerPlan {
            time_zone: text("time_zone"),
            day: text("day"),
            text: text("text"),
            keys: 17,
            days: 7,
            room: 150,
            moved: 14,
            spread: vec![StaggerDay {
                text: text("text"),
                keys: 3,
                names: vec![text("name"), String::new()],
            }],
            version: text("version"),
        };
        self.reads("StaggerPlan", &[plan]);
    }

    fn notices(&mut self) {
        let delivered = |stage| DeliveredKey {
            access_key: text("access_key"),
            name: text("name"),
            stage,
            expires: moment(1),
            left_out: true,
            exists: false,
        };
        let delivery = |kind, state| Delivery {
            id: text("id"),
            kind,
            recipient: text("recipient"),
            created: moment(1),
            state,
            at: moment(2),
            attempts: 3,
            words: text("words"),
            keys: Stage::ALL.map(delivered).to_vec(),
            key_count: 4,
        };
        let states = [
            DeliveryState::Waiting,
            DeliveryState::Sent,
            DeliveryState::Failed,
            DeliveryState::Dropped,
        ];
        let of_each_kind = MailKind::ALL.map(|kind| delivery(kind, DeliveryState::Sent));
        let in_each_state = states.map(|state| delivery(MailKind::Notice, state));
        let notices = NoticesView {
            now: 1,
            time_zone: text("time_zone"),
            email: text("email"),
            confirmed: true,
            owned: false,
            stages: Stage::ALL.to_vec(),
            of_operator: vec![text("address"), text("other")],
            second_recipient: Some(SecondRecipient {
                address: text("address"),
                confirmed: false,
            }),
            calendar_url: text("calendar_url"),
            deliveries: [&of_each_kind[..], &in_each_state[..]].concat(),
            total: 12,
        };
        let none = NoticesView {
            stages: Vec::new(),
            of_operator: Vec::new(),
            second_recipient: None,
            deliveries: Vec::new(),
            ..notices.clone()
        };
        self.reads("NoticesView", &[notices, none]);
    }

    fn errors(&mut self) {
        let full = FnError {
            fields: BTreeMap::from([
                (text("name"), text("message")),
                (text("other"), text("message")),
            ]),
            retry_after: Some(30),
            version: Some(text("version")),
            ..FnError::offline()
        };
        self.reads("FnError", &[FnError::inside(), full]);
    }
}
