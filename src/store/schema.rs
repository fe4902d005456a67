//! The tables, as both dialects have them.

diesel::table! {
    users (id) {
        id -> Text,
        email -> Text,
        password_hash -> Text,
        generation -> Integer,
        created_at -> BigInt,
        role -> Text,
        disabled_at -> Nullable<BigInt>,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        user_id -> Text,
        agent -> Text,
        address -> Text,
        created_at -> BigInt,
        seen_at -> BigInt,
    }
}

diesel::table! {
    personal_tokens (id) {
        id -> Text,
        user_id -> Text,
        name -> Text,
        digest -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    settings (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(personal_tokens -> users (user_id));
diesel::joinable!(clusters -> users (user_id));

diesel::table! {
    clusters (id) {
        id -> Text,
        user_id -> Text,
        name -> Text,
        provider -> Text,
        provider_ref -> Text,
        host -> Nullable<Text>,
        kubernetes_version -> Text,
        nodes -> Integer,
        status -> Text,
        step -> Nullable<Text>,
        ttl_hours -> Integer,
        created_at -> BigInt,
        ready_at -> Nullable<BigInt>,
        expires_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
        error_message -> Nullable<Text>,
        kubeconfig -> Nullable<Binary>,
        attempts -> Integer,
        next_attempt_at -> BigInt,
        lease_owner -> Nullable<Text>,
        lease_until -> Nullable<BigInt>,
        node_size -> Text,
        addons -> Text,
    }
}

diesel::table! {
    cluster_ports (host, port) {
        host -> Text,
        port -> Integer,
        cluster_id -> Text,
    }
}

diesel::table! {
    cluster_events (seq) {
        seq -> BigInt,
        cluster_id -> Text,
        user_id -> Text,
        kind -> Text,
        name -> Text,
        status -> Text,
        message -> Text,
        expires_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    idempotency_keys (user_id, key) {
        user_id -> Text,
        key -> Text,
        request_hash -> Text,
        cluster_id -> Text,
        created_at -> BigInt,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    users,
    clusters,
    cluster_ports,
    cluster_events,
    idempotency_keys,
    sessions,
    personal_tokens,
);
