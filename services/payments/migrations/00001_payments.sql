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

-- One payment for each order. After a rejected payment the order may be paid again.
CREATE UNIQUE INDEX payments_one_an_order ON payments (order_id) WHERE status <> 'rejected';

-- The list of one order's payments, page by page.
CREATE INDEX payments_order_id_id_idx ON payments (order_id, id);

-- The payments that the orders service has not decided on. A row is inserted with the payment and deleted with its outcome.
CREATE TABLE outbox (
    payment_id      uuid PRIMARY KEY REFERENCES payments,
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL DEFAULT now(),
    -- The W3C trace headers of the request that created the payment, so that the delivery is in the same trace.
    trace_context   jsonb NOT NULL
);

CREATE INDEX outbox_next_attempt_at_idx ON outbox (next_attempt_at);

-- +goose Down
DROP TABLE outbox;
DROP TABLE payments;
