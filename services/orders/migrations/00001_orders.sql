-- +goose Up
CREATE TABLE orders (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL,
    -- The items never change after the order is created, and are always read together.
    items       jsonb NOT NULL,
    total_cents bigint NOT NULL CHECK (total_cents > 0),
    currency    text NOT NULL,
    status      text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'paid')),
    payment_id  uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    paid_at     timestamptz,
    CHECK ((status = 'paid') = (payment_id IS NOT NULL)),
    CHECK ((status = 'paid') = (paid_at IS NOT NULL))
);

-- The list of one user's orders, page by page.
CREATE INDEX orders_user_id_id_idx ON orders (user_id, id);

-- +goose Down
DROP TABLE orders;
