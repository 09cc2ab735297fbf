mod mails;
mod quotas;
