-- What wrk asks for, once for every thread.
--
-- wrk … -s benches/load.lua URL -- WHICH METHOD PATH [BODY…]
--
-- `<n>` in path and body stands for 16 digits, the number of a user. WHICH says which one:
--   random:COUNT   any of so many
--   next:FIRST     FIRST and up, none of them twice
--   last:COUNT     from the last of so many down, none of them twice; at the end it stops
-- Of several bodies each request takes the next one; 201 and 401 are then expected.
--
-- Prints p50 and p99 in ms, requests, how many of them failed, and seconds.

local ffi = require "ffi"
ffi.cdef "typedef struct { long s, ns; } load_time; int clock_gettime(int, load_time *);"
local time = ffi.new "load_time"
local function now()
  ffi.C.clock_gettime(1, time)
  return tonumber(time.s) + tonumber(time.ns) / 1e9
end

-- Threads at most: each has every second number.
local THREADS = 2
local threads = {}

function setup(thread)
  thread:set("thread_number", #threads)
  thread:set("unexpected", 0)
  thread:set("ran_out", 0)
  thread:set("mixed", 0)
  threads[#threads + 1] = thread
end

function init(args)
  local which, method, path = args[1]:match("^%a+"), args[2], args[3]
  local given = tonumber(args[1]:match("%d+$"))
  local requests = {}
  for at = 4, math.max(4, #args) do
    local body = args[at]
    -- wrk computes the length of the body, which is the same for every number.
    local text = wrk.format(method, (path:gsub("<n>", ("0"):rep(16))), nil, body and body:gsub("<n>", ("0"):rep(16)))
    local parts = {}
    for part in (text .. ("0"):rep(16)):gmatch("(.-)" .. ("0"):rep(16)) do parts[#parts + 1] = part end
    requests[#requests + 1] = parts
  end
  if #requests == 1 and #requests[1] == 1 then
    -- wrk sends one that never changes without asking here.
    wrk.method, wrk.path, wrk.body = method, path, args[4]
    return
  end

  math.randomseed(os.time() + thread_number)
  local turn = thread_number - THREADS
  local function number()
    if which == "random" then return math.random(0, given - 1) end
    turn = turn + THREADS
    return which == "next" and given + turn or given - 1 - turn
  end

  local sent = 0
  function request()
    local n = number()
    if n < 0 and ran_out == 0 then
      ran_out = now()
      wrk.thread:stop()
    end
    sent = sent + 1
    return table.concat(requests[sent % #requests + 1], ("%016d"):format(n))
  end

  if #requests > 1 then
    mixed = 1
    function response(status)
      if status ~= 201 and status ~= 401 then unexpected = unexpected + 1 end
    end
  end
  began = now()
end

function done(summary, latency)
  local e, seconds = summary.errors, summary.duration / 1e6
  local failed, refused, mixed = e.connect + e.read + e.write + e.timeout, e.status, false
  local longest = 0
  for _, thread in ipairs(threads) do
    mixed = mixed or thread:get("mixed") == 1
    failed = failed + thread:get("unexpected")
    if thread:get("ran_out") > 0 then longest = math.max(longest, thread:get("ran_out") - thread:get("began")) end
  end
  if not mixed then failed = failed + refused end
  if longest > 0 then seconds = longest end
  io.write(string.format("%.3f %.3f %d %d %.3f\n", latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.requests, failed, seconds))
end
