// Package observability sets up logs, traces and metrics, and instruments the API with them.
package observability

import (
	"context"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// SetupLogging makes slog write JSON to w.
func SetupLogging(w io.Writer, level slog.Level) {
	slog.SetDefault(slog.New(traceHandler{slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})}))
}

// traceHandler adds the ids of the current span, so that a log line can be found by its trace.
type traceHandler struct{ slog.Handler }

func (h traceHandler) Handle(ctx context.Context, record slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		record.AddAttrs(
			slog.String("trace_id", span.TraceID().String()),
			slog.String("span_id", span.SpanID().String()),
		)
	}
	return h.Handler.Handle(ctx, record)
}

func (h traceHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return traceHandler{h.Handler.WithAttrs(attrs)}
}

func (h traceHandler) WithGroup(name string) slog.Handler {
	return traceHandler{h.Handler.WithGroup(name)}
}
