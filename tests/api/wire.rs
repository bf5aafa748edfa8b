//! What every answer looks like: headers, CORS, errors, HEAD and OPTIONS, routing.
