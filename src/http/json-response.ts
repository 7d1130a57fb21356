/** An answer with JSON, which nobody keeps: the next one may differ. */
export function jsonResponse(
  body: unknown,
  { status = 200, headers }: { readonly status?: number; readonly headers?: Record<string, string> } = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  });
}
