-- wrk: creates organizations through the service's admin, and writes the answers to a file.
--
--     wrk -t1 … URL -- ADMIN_TOKEN COUNT FILE

local count, answers
local created = 0

function init(arguments)
  wrk.method = 'POST'
  wrk.path = '/v1/admin/organizations'
  wrk.headers['Authorization'] = 'Bearer ' .. arguments[1]
  wrk.headers['Content-Type'] = 'application/json'
  wrk.body = '{"name":"Shop","verification":"required"}'
  count = tonumber(arguments[2])
  answers = io.open(arguments[3], 'w')
end

function response(status, _, body)
  if status ~= 201 then error(status .. ' ' .. body) end
  answers:write(body, '\n')
  created = created + 1
  if created == count then
    answers:close()
    os.exit(0) -- wrk itself would wait for the end of its duration.
  end
end
