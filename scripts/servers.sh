# PostgreSQL and Redis for the tests: of our own, on free ports, in a folder that is thrown away.
# Sourced by scripts/test and scripts/bench; stop_servers stops exactly what start_servers started.

servers=""
postgres_pid=""
redis_pid=""

# PostgreSQL refuses to run as root, so then it runs as the user that its package made.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

postgres_programs() {
    local newest
    newest=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
    if [ -x "$newest/initdb" ]; then echo "$newest"; else dirname "$(command -v initdb)"; fi
}

wait_for_port() {
    local port=$1 pid=$2 tries=200
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        kill -0 "$pid" 2>/dev/null && [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.1
    done
}

start_servers() {
    servers=$(mktemp -d)
    chmod 755 "$servers"
    mkdir "$servers/postgres"
    [ "$(id -u)" = 0 ] && chown postgres "$servers/postgres"

    local programs postgres_port redis_port
    programs=$(postgres_programs)
    postgres_port=$(free_port)
    (cd / && as_postgres "$programs/initdb" -D "$servers/postgres/data" -U medianest --auth=trust -E UTF8 \
        --locale=C --no-sync) >"$servers/initdb.log" 2>&1 || {
        cat "$servers/initdb.log" >&2
        die "could not make a PostgreSQL data folder"
    }
    # A crash of the machine may lose this data, so nothing waits for the disk.
    (cd / && exec_as_postgres "$programs/postgres" -D "$servers/postgres/data" -p "$postgres_port" \
        -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=300 \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off) >"$servers/postgres.log" 2>&1 &
    postgres_pid=$!

    redis_port=$(free_port)
    redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$servers" \
        >"$servers/redis.log" 2>&1 &
    redis_pid=$!

    wait_for_port "$postgres_port" $postgres_pid || {
        cat "$servers/postgres.log" >&2
        die "PostgreSQL did not start"
    }
    wait_for_port "$redis_port" $redis_pid || {
        cat "$servers/redis.log" >&2
        die "Redis did not start"
    }
    export MEDIANEST_TEST_POSTGRES=postgres://medianest@127.0.0.1:$postgres_port/postgres
    export MEDIANEST_TEST_REDIS=redis://127.0.0.1:$redis_port/
    note "PostgreSQL on port $postgres_port, Redis on port $redis_port"
}

# The shell is replaced, so that the pid we keep is that of the server itself.
exec_as_postgres() {
    if [ "$(id -u)" = 0 ]; then exec setpriv --reuid=postgres --regid=postgres --init-groups "$@"; else exec "$@"; fi
}

stop_servers() {
    local pid
    for pid in $postgres_pid $redis_pid; do
        # INT is PostgreSQL's fast shutdown; Redis takes it as TERM.
        kill -INT "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    postgres_pid="" redis_pid=""
    if [ -n "$servers" ]; then rm -rf "$servers"; fi
    servers=""
}
