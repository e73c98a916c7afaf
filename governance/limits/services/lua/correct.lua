-- Corrects what a batch of calls took of rate limits, and ends or renews the leases of those that run.
--
-- KEYS: one a counter, and where the changes are a lot that may be sent again, one named after it. ARGV[1]: msgpack of {counters, changes, ended, running, lease_ms, now_ms}: counters as period_ms,
-- changes as {counter, slice, amount}, ended and running as {counter, call_id}; now_ms is 0 for the server's clock.
local SLICES = 60
local counters, changes, ended, running, lease_ms, now = unpack(cmsgpack.unpack(ARGV[1]))
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local lot = KEYS[#counters + 1]
if lot and not redis.call('SET', lot, 1, 'NX', 'PX', 86400000) then changes = {} end
for _, change in ipairs(changes) do
  local key, period, position, amount = KEYS[change[1]], counters[change[1]], change[2], change[3]
  local first = math.floor(now / (period / SLICES)) - SLICES
  local oldest = tonumber(redis.call('HGET', key, 'oldest') or first)
  if position >= oldest and position >= first then
    local there = tonumber(redis.call('HGET', key, position) or 0)
    amount = math.max(amount, -there)  -- a counter that was lost and began anew does not go below nothing
    if amount ~= 0 then
      redis.call('HINCRBY', key, position, amount)
      redis.call('HINCRBY', key, 'total', amount)
      redis.call('HSETNX', key, 'oldest', first)
      redis.call('PEXPIRE', key, period + 2 * period / SLICES)
    end
  end
end
for _, lease in ipairs(ended) do redis.call('ZREM', KEYS[lease[1]], lease[2]) end
for _, lease in ipairs(running) do
  redis.call('ZADD', KEYS[lease[1]], now + lease_ms, lease[2])
  redis.call('PEXPIRE', KEYS[lease[1]], lease_ms)
end
