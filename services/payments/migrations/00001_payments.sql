-- +goose Up
CREATE TABLE payments (
    id              uuid PRIMARY KEY,
    order_id        uuid NOT NULL,
    amount_cents    bigint NOT NULL CHECK (amount_cents > 0),
    currency        text NOT NULL,
    status          text NOT NULL DEFAULT 'accepted' CHECK (status IN ('accepted', 'settled', 'rejected')),
    reason          text CHECK ((status = 'rejected') = (reason IS NOT NULL)),
    idempotency_key text NOT NULL CONSTRAINT payments_idempotency_key UNIQUE,
    created_at      timestamptz NOT NULL DEFAULT now()
);

-- One payment an order; after a rejected one the order may be paid again.
CREATE UNIQUE INDEX payments_one_an_order ON payments (order_id) WHERE status <> 'rejected';

-- The list of one order's payments, page by page.
CREATE INDEX payments_order_id_id_idx ON payments (order_id, id);

-- What orders has yet to be told: written with the payment, deleted with its outcome.
CREATE TABLE outbox (
    payment_id      uuid PRIMARY KEY REFERENCES payments,
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    -- The W3C trace headers of the request that made the payment, so that its delivery joins its trace.
    trace_context   jsonb NOT NULL
);

CREATE INDEX outbox_next_attempt_at_idx ON outbox (next_attempt_at);

-- +goose Down
DROP TABLE outbox;
DROP TABLE payments;
