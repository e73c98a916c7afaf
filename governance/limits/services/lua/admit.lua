-- Lets a batch of calls through rate limits, in their order, each all or nothing. One script, so nothing comes between.
-- The same as Tallies in governance/policy/rate_limits.py.
--
-- KEYS: one a counter. ARGV[1]: msgpack of {counters, calls, lease_ms, now_ms}: counters as {period_ms (0: calls at once),
-- limit}, calls as {call_id, {{counter, amount}, ...}}; now_ms is 0 for the server's clock. Returns msgpack of
-- {now_ms, {{counter that is short or 0, retry_ms (-1: never), {used, ...}}, ...}}.
local SLICES, UNKNOWN_WAIT_MS = 60, 1000
local counters, calls, lease_ms, now = unpack(cmsgpack.unpack(ARGV[1]))
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local used, added = {}, {}
for i, counter in ipairs(counters) do
  local key, period = KEYS[i], counter[1]
  added[i] = 0
  if period == 0 then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    used[i] = redis.call('ZCARD', key)
  else
    local first = math.floor(now / (period / SLICES)) - SLICES
    local found = redis.call('HMGET', key, 'total', 'oldest')
    local total, oldest = tonumber(found[1] or 0), tonumber(found[2] or first)
    if oldest < first then
      local gone = {}
      for position = oldest, math.min(first - 1, oldest + 2 * SLICES) do gone[#gone + 1] = position end
      for _, amount in ipairs(redis.call('HMGET', key, unpack(gone))) do total = total - (tonumber(amount or 0) or 0) end
      redis.call('HDEL', key, unpack(gone))
      redis.call('HSET', key, 'total', total, 'oldest', first)
    end
    used[i] = total
  end
end

local function wait(i, wanted, amount)
  local period, limit = counters[i][1], counters[i][2]
  if amount > limit then return -1 end
  if period == 0 then return UNKNOWN_WAIT_MS end
  local excess, slice = wanted - limit, period / SLICES
  local current = math.floor(now / slice)
  local positions = {}
  for position = current - SLICES, current do positions[#positions + 1] = position end
  local amounts = redis.call('HMGET', KEYS[i], unpack(positions))
  for n, position in ipairs(positions) do
    excess = excess - (tonumber(amounts[n] or 0) or 0)
    if position == current then excess = excess - added[i] end
    if excess <= 0 then return (position + SLICES + 1) * slice - now end
  end
  return period
end

local answers, leases = {}, {}
for n, call in ipairs(calls) do
  local short, retry, after = 0, 0, {}
  for _, take in ipairs(call[2]) do
    local i, amount = take[1], take[2]
    if short == 0 and used[i] + amount > counters[i][2] then
      short, retry = i, wait(i, used[i] + amount, amount)
    end
  end
  for m, take in ipairs(call[2]) do
    local i, amount = take[1], take[2]
    if short == 0 then
      used[i] = used[i] + amount
      added[i] = added[i] + amount
      if counters[i][1] == 0 then leases[#leases + 1] = {i, call[1]} end
    end
    after[m] = used[i]
  end
  answers[n] = {short, retry, after}
end

for _, lease in ipairs(leases) do redis.call('ZADD', KEYS[lease[1]], now + lease_ms, lease[2]) end
for i, counter in ipairs(counters) do
  local key, period = KEYS[i], counter[1]
  if added[i] > 0 then
    if period == 0 then
      redis.call('PEXPIRE', key, lease_ms)
    else
      local current = math.floor(now / (period / SLICES))
      redis.call('HINCRBY', key, current, added[i])
      redis.call('HINCRBY', key, 'total', added[i])
      redis.call('HSETNX', key, 'oldest', current - SLICES)
      redis.call('PEXPIRE', key, period + 2 * period / SLICES)
    end
  end
end
return cmsgpack.pack({now, answers})
