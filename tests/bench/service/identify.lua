-- wrk: signed identify() calls of the visitors in a file, one after the other.
--
--     wrk … URL -- CALLS [once | explain]
--
-- With `once` it fails rather than call for a visitor again. With `explain` it tells the first
-- answer that is not 200; otherwise the answers are only counted, which costs wrk less.

local calls = {}
local called = 0
-- Every run tells something new, or a call that repeats the last one would have nothing to change.
local change = os.time() % 100000 * 10000
local once
local headers = { ['Content-Type'] = 'application/json' }

function init(arguments)
  for line in io.lines(arguments[1]) do
    local number, token, hmac = line:match('(%S+)\t(%S+)\t(%S+)')
    calls[#calls + 1] = { number = number, authorization = 'Bearer ' .. token, hmac = hmac }
  end
  once = arguments[2] == 'once'
  if arguments[2] == 'explain' then
    local explained = false
    function response(status, _, body)
      if status ~= 200 and not explained then
        explained = true
        io.stderr:write(status, ' ', body, '\n')
      end
    end
  end
end

function request()
  called = called + 1
  change = change + 1
  if once and called > #calls then error('every visitor was called: give more of them') end
  local call = calls[(called - 1) % #calls + 1]
  headers['Authorization'] = call.authorization
  return wrk.format('POST', '/v1/identify', headers,
    '{"name":"Jane ' .. change
      .. '","email":"jane' .. call.number .. '@example.com"'
      .. ',"externalId":"user_' .. call.number .. '"'
      .. ',"metadata":{"plan":"premium","signupDate":"2025-01-15","visits":' .. change .. '}'
      .. ',"hmac":"' .. call.hmac .. '"}')
end

function done(summary, latency)
  local errors = summary.errors
  io.stderr:write(string.format(
    '{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
