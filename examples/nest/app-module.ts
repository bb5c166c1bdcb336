import { Module } from '@nestjs/common'
import { ClientCertModule } from './client-cert/client-cert-module.ts'
import { AccountController } from './controllers/account-controller.ts'
import { JobsController } from './controllers/jobs-controller.ts'
import { JobsService } from './controllers/jobs-service.ts'

@Module({
  imports: [ClientCertModule],
  controllers: [AccountController, JobsController],
  providers: [JobsService],
})
export class AppModule {}
