//! What an image or a name tells of a service.

use crate::compose::Sketch;

/// Programs that keep data or serve everybody: one for both slots. By the last word of an image's name.
const STORES: &[&str] = &[
    "postgres",
    "postgresql",
    "postgis",
    "pgvector",
    "timescaledb",
    "mysql",
    "mariadb",
    "percona",
    "mongo",
    "mongodb",
    "redis",
    "redis-stack",
    "redis-stack-server",
    "valkey",
    "keydb",
    "dragonfly",
    "memcached",
    "rabbitmq",
    "nats",
    "kafka",
    "cp-kafka",
    "redpanda",
    "zookeeper",
    "activemq-classic",
    "mosquitto",
    "eclipse-mosquitto",
    "elasticsearch",
    "opensearch",
    "solr",
    "meilisearch",
    "typesense",
    "qdrant",
    "weaviate",
    "chroma",
    "minio",
    "seaweedfs",
    "cassandra",
    "scylla",
    "cockroach",
    "clickhouse",
    "clickhouse-server",
    "influxdb",
    "couchdb",
    "neo4j",
    "etcd",
    "consul",
    "vault",
    "openbao",
    "mailhog",
    "mailpit",
    "maildev",
    "prometheus",
    "grafana",
    "loki",
    "tempo",
    "jaeger",
    "all-in-one",
    "alertmanager",
    "pgbouncer",
    "pgadmin4",
    "adminer",
    "phpmyadmin",
    "localstack",
    "keycloak",
    "server-mssql",
    "edge-sql",
    "azure-sql-edge",
];

/// Names of services that are such, whatever their image is called.
const STORE_NAMES: &[&str] = &[
    "db",
    "database",
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "mongo",
    "mongodb",
    "redis",
    "cache",
    "memcached",
    "rabbitmq",
    "broker",
    "nats",
    "kafka",
    "elasticsearch",
    "opensearch",
    "minio",
    "storage",
    "s3",
];

/// Programs that find their services by Docker's labels or socket, and would see both slots at once.
const FINDERS: &[&str] = &["traefik", "nginx-proxy", "caddy-docker-proxy", "docker-gen", "watchtower"];

/// The service that people mean by the application's own host name.
const FRONTS: &[&str] = &["web", "www", "frontend", "front", "app", "ui", "site", "client", "nginx", "proxy", "server"];

/// Services of which two at once would do work twice.
const WORKERS: &[&str] = &["worker", "queue", "cron", "schedul", "beat", "job", "consumer", "sidekiq", "celery", "bot"];

/// Ports on which something else than HTTP is spoken, or a debugger waits.
const NOT_HTTP: &[u16] = &[
    21, 22, 25, 53, 110, 143, 465, 587, 993, 995, 1025, 1433, 1521, 1883, 2181, 3306, 4222, 5005, 5432, 5672, 6379,
    8883, 9042, 9092, 9229, 11211, 27017,
];

pub fn is_store(sketch: &Sketch) -> bool {
    STORES.contains(&sketch.image_word())
}

/// A name such as `postgres` or `user-db`.
pub fn is_named_like_a_store(sketch: &Sketch) -> bool {
    sketch.name.split(['-', '_', '.']).any(|word| STORE_NAMES.contains(&word.to_ascii_lowercase().as_str()))
}

pub fn is_finder(sketch: &Sketch) -> bool {
    FINDERS.contains(&sketch.image_word())
}

pub fn is_worker(sketch: &Sketch) -> bool {
    let name = sketch.name.to_ascii_lowercase();
    WORKERS.iter().any(|word| name.contains(word))
}

/// Runs a migration and ends: `migrate`, `db-migrations`.
pub fn is_migration(sketch: &Sketch) -> bool {
    sketch.name.to_ascii_lowercase().contains("migrat")
}

/// How far from the front a service is by its name; 0 is the front itself.
pub fn distance_from_the_front(name: &str) -> usize {
    FRONTS.iter().position(|front| *front == name).unwrap_or(FRONTS.len())
}

/// The ports over which a service could be asked by HTTP, those that are published first.
pub fn http_ports(sketch: &Sketch) -> impl Iterator<Item = u16> {
    let ports = sketch.ports.iter().chain(&sketch.expose);
    ports.copied().filter(|port| !NOT_HTTP.contains(port))
}

/// Port and path of the address that a health check asks: 3000 and `/health` of `curl -f http://localhost:3000/health`.
pub fn address(check: &str) -> Option<(u16, &str)> {
    let (scheme, rest) = check.split_once("://")?;
    let address = rest.split(|c: char| c.is_whitespace() || "\"'|;)&".contains(c)).next()?;
    let (authority, path) = match address.find('/') {
        Some(slash) => address.split_at(slash),
        None => (address, "/"),
    };
    let usual = if scheme.ends_with("https") { 443 } else { 80 };
    let port = match authority.rsplit_once(':') {
        Some((_, port)) => port.parse().ok()?,
        None => usual,
    };
    Some((port, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_checks_have_addresses() {
        for (check, expected) in [
            ("CMD curl -f http://localhost:3000/health", Some((3000, "/health"))),
            ("CMD-SHELL wget -qO- 'http://127.0.0.1:8080/up?full=1' || exit 1", Some((8080, "/up?full=1"))),
            ("CMD-SHELL curl -f http://localhost || exit 1", Some((80, "/"))),
            ("CMD curl -fk https://localhost/ready", Some((443, "/ready"))),
            ("CMD probe http://[::1]:9000", Some((9000, "/"))),
            ("CMD curl http://localhost:${PORT}/x", None),
            ("CMD pg_isready", None),
            ("", None),
        ] {
            assert_eq!(address(check), expected, "{check}");
        }
    }

    #[test]
    fn names_and_images_tell_what_a_service_is() {
        let sketch = |name: &str, image: &str| Sketch {
            name: name.to_owned(),
            image: Some(image.to_owned()),
            ..Sketch::default()
        };
        assert!(is_store(&sketch("a", "docker.io/library/postgres:16-alpine")));
        assert!(is_store(&sketch("a", "redis")) && !is_store(&sketch("redis", "shop/redis-exporter")));
        assert!(is_named_like_a_store(&sketch("user-db", "x")) && !is_named_like_a_store(&sketch("dbt", "x")));
        assert!(is_finder(&sketch("a", "traefik:v3")));
        assert!(is_worker(&sketch("email_worker", "x")) && !is_worker(&sketch("api", "x")));
        assert!(is_migration(&sketch("db-migrations", "x")));
        assert!(distance_from_the_front("web") < distance_from_the_front("app"));
        assert!(distance_from_the_front("app") < distance_from_the_front("api"));
    }
}
